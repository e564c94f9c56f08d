// no race
// Blocks that pass between threads by way of the allocator.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

static std::atomic<int> turns;

static void work() {
    for (int i = 0; i < 200; i++) {
        std::vector<std::string> texts;
        for (int j = 0; j < 10; j++) {
            texts.push_back(std::string(50, static_cast<char>('a' + j)));
        }
        auto shared = std::make_shared<int>(i);
        auto copy = shared;
        turns.fetch_add(*copy, std::memory_order_relaxed);
    }
}

int main() {
    std::thread threads[4];
    for (auto &thread : threads) {
        thread = std::thread(work);
    }
    for (auto &thread : threads) {
        thread.join();
    }
    return 0;
}
