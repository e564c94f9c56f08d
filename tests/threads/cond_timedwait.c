// pthread_cond_timedwait, which times out a few times.
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
        struct timespec until = in_ms(CLOCK_REALTIME, 5);
        int result = pthread_cond_timedwait(&condition, &mutex, &until);
        CHECK(result == 0 || result == ETIMEDOUT);
    }
    CHECK(pthread_mutex_unlock(&mutex) == 0);
    shared = 2; //~ race
    return argument;
}
