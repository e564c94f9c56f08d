// pthread_cond_wait, pthread_cond_signal.
// No race; with RACE the marked accesses race.
#include "pair.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int ready;

static void *first(void *argument) {
    usleep(20000);
    UNLESS_RACE(shared = 1;)
    CHECK(pthread_mutex_lock(&mutex) == 0);
    ready = 1;
    CHECK(pthread_cond_signal(&condition) == 0);
    CHECK(pthread_mutex_unlock(&mutex) == 0);
    IF_RACE(shared = 1;) //~ race
    return argument;
}

static void *second(void *argument) {
    CHECK(pthread_mutex_lock(&mutex) == 0);
    while (!ready) {
        CHECK(pthread_cond_wait(&condition, &mutex) == 0);
    }
    CHECK(pthread_mutex_unlock(&mutex) == 0);
    shared = 2; //~ race
    return argument;
}
