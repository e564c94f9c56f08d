// An error-checking mutex: calls that fail order nothing.
// No race; with RACE the marked accesses race.
#include "pair.h"

static pthread_mutex_t mutex = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;

static void *first(void *argument) {
    CHECK(pthread_mutex_lock(&mutex) == 0);
    CHECK(pthread_mutex_lock(&mutex) == EDEADLK);
    shared = 1; //~ race
    turn(1);
    IF_RACE(await(2);)
    CHECK(pthread_mutex_unlock(&mutex) == 0);
    CHECK(pthread_mutex_unlock(&mutex) == EPERM);
    return argument;
}

static void *second(void *argument) {
    await(1);
    IF_RACE(CHECK(pthread_mutex_unlock(&mutex) == EPERM);)
    UNLESS_RACE(CHECK(pthread_mutex_lock(&mutex) == 0);)
    shared = 2; //~ race
    UNLESS_RACE(CHECK(pthread_mutex_unlock(&mutex) == 0);)
    turn(2);
    return argument;
}
