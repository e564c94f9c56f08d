// pthread_mutex_trylock: one that fails orders nothing.
// No race; with RACE the marked accesses race.
#include "pair.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void *first(void *argument) {
    CHECK(pthread_mutex_lock(&mutex) == 0);
    shared = 1; //~ race
    turn(1);
    IF_RACE(await(2);)
    CHECK(pthread_mutex_unlock(&mutex) == 0);
    return argument;
}

static void *second(void *argument) {
    await(1);
    IF_RACE(CHECK(pthread_mutex_trylock(&mutex) == EBUSY);)
    UNLESS_RACE(while (pthread_mutex_trylock(&mutex) != 0) sched_yield();)
    shared = 2; //~ race
    UNLESS_RACE(CHECK(pthread_mutex_unlock(&mutex) == 0);)
    turn(2);
    return argument;
}
