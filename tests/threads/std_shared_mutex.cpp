// std::shared_mutex, std::recursive_mutex, std::timed_mutex.
// No race; with RACE the marked accesses race.
#define OWN_MAIN
#include "pair.h"
#include <chrono>
#include <mutex>
#include <shared_mutex>
#include <thread>

static std::shared_mutex mutex;
static std::recursive_mutex recursive;
static std::timed_mutex timed;
static int counts[2];

int main() {
    auto work = [](int value) {
        {
            IF_RACE(std::shared_lock<std::shared_mutex> guard(mutex);)
            UNLESS_RACE(std::unique_lock<std::shared_mutex> guard(mutex);)
            shared = value; //~ race
        }
        {
            std::lock_guard<std::recursive_mutex> outer(recursive);
            std::lock_guard<std::recursive_mutex> inner(recursive);
            counts[0]++;
        }
        std::unique_lock<std::timed_mutex> guard(timed, std::chrono::minutes(1));
        CHECK(guard.owns_lock());
        counts[1]++;
    };
    std::thread one(work, 1), two(work, 2);
    one.join();
    two.join();
    CHECK(counts[0] == 2 && counts[1] == 2);
}
