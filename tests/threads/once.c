// pthread_once.
// No race; with RACE the marked accesses race.
#include "pair.h"

static pthread_once_t control = PTHREAD_ONCE_INIT;

static void initialise(void) {
    shared = 1; //~ race
}

static void *first(void *argument) {
    CHECK(pthread_once(&control, initialise) == 0);
    turn(1);
    return argument;
}

static void *second(void *argument) {
    await(1);
    IF_RACE(CHECK(shared == 1);) //~ race
    for (int i = 0; i < 3; i++)
        CHECK(pthread_once(&control, initialise) == 0);
    CHECK(shared == 1);
    return argument;
}
