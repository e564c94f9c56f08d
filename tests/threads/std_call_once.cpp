// std::call_once.
// No race; with RACE the marked accesses race.
#include "pair.h"
#include <mutex>

static std::once_flag flag;

static void initialise(void) {
    shared = 1; //~ race
}

static void *first(void *argument) {
    std::call_once(flag, initialise);
    turn(1);
    return argument;
}

static void *second(void *argument) {
    await(1);
    IF_RACE(CHECK(shared == 1);) //~ race
    for (int i = 0; i < 3; i++)
        std::call_once(flag, initialise);
    CHECK(shared == 1);
    return argument;
}
