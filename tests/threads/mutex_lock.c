// pthread_mutex_lock, pthread_mutex_unlock.
// No race; with RACE the marked accesses race.
#include "pair.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void *first(void *argument) {
    CHECK(pthread_mutex_lock(&mutex) == 0);
    shared = 1; //~ race
    CHECK(pthread_mutex_unlock(&mutex) == 0);
    return argument;
}

static void *second(void *argument) {
    UNLESS_RACE(CHECK(pthread_mutex_lock(&mutex) == 0);)
    shared = 2; //~ race
    UNLESS_RACE(CHECK(pthread_mutex_unlock(&mutex) == 0);)
    return argument;
}
