// A recursive mutex: only the outermost pair lets go.
// No race; with RACE the marked accesses race.
#include "pair.h"

static pthread_mutex_t mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

static void *first(void *argument) {
    CHECK(pthread_mutex_lock(&mutex) == 0);
    CHECK(pthread_mutex_trylock(&mutex) == 0);
    CHECK(pthread_mutex_unlock(&mutex) == 0);
    turn(1);
    UNLESS_RACE(shared = 1;)
    CHECK(pthread_mutex_unlock(&mutex) == 0);
    IF_RACE(shared = 1;) //~ race
    turn(2);
    return argument;
}

static void *second(void *argument) {
    await(1);
    IF_RACE(await(2);)
    CHECK(pthread_mutex_lock(&mutex) == 0);
    shared = 2; //~ race
    CHECK(pthread_mutex_unlock(&mutex) == 0);
    CHECK(pthread_mutex_unlock(&mutex) == EPERM);
    return argument;
}
