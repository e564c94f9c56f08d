// std::thread, std::mutex, std::condition_variable: what the C++ library calls.
// No race; with RACE the marked accesses race.
#define OWN_MAIN
#include "pair.h"
#include <condition_variable>
#include <mutex>
#include <thread>

static std::mutex mutex;
static std::condition_variable condition;
static bool ready;

int main() {
    shared = 0;
    std::thread one([] {
        UNLESS_RACE(shared = 1;)
        {
            std::lock_guard<std::mutex> guard(mutex);
            ready = true;
        }
        condition.notify_one();
        IF_RACE(shared = 1;) //~ race
    });
    std::thread two([] {
        std::unique_lock<std::mutex> guard(mutex);
        condition.wait(guard, [] { return ready; });
        shared = 2; //~ race
    });
    one.join();
    two.join();
    shared = 3;
}
