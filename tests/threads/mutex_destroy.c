// pthread_mutex_destroy, pthread_mutex_init: a new mutex knows nothing of the old.
// No race; with RACE the marked accesses race.
#include "pair.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void *first(void *argument) {
    CHECK(pthread_mutex_lock(&mutex) == 0);
    shared = 1; //~ race
    CHECK(pthread_mutex_unlock(&mutex) == 0);
    IF_RACE(CHECK(pthread_mutex_destroy(&mutex) == 0);)
    IF_RACE(CHECK(pthread_mutex_init(&mutex, NULL) == 0);)
    turn(1);
    return argument;
}

static void *second(void *argument) {
    await(1);
    CHECK(pthread_mutex_lock(&mutex) == 0);
    shared = 2; //~ race
    CHECK(pthread_mutex_unlock(&mutex) == 0);
    return argument;
}
