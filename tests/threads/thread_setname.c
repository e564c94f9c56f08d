// pthread_setname_np.
// No race; with RACE the marked accesses race.
#include "pair.h"

static void *first(void *argument) {
    CHECK(pthread_setname_np(pthread_self(), "painter") == 0);
    UNLESS_RACE(return argument;)
    shared = 1; //~ race
    return argument;
}

static void *second(void *argument) {
    CHECK(pthread_setname_np(pthread_self(), "sculptor") == 0);
    shared = 2; //~ race
    return argument;
}
