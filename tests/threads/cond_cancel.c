// A thread that is cancelled in pthread_cond_wait has the mutex again.
// No race; with RACE the marked accesses race.
#define OWN_MAIN
#include "pair.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;

static void clean(void *argument) {
    (void)argument;
    UNLESS_RACE(shared = 1;)
    CHECK(pthread_mutex_unlock(&mutex) == 0);
    IF_RACE(shared = 1;) //~ race
    turn(2);
}

static void *waits(void *argument) {
    CHECK(pthread_mutex_lock(&mutex) == 0);
    turn(1);
    pthread_cleanup_push(clean, NULL);
    for (;;)
        pthread_cond_wait(&condition, &mutex);
    pthread_cleanup_pop(0);
    return argument;
}

static void *second(void *argument) {
    await(2);
    CHECK(pthread_mutex_lock(&mutex) == 0);
    shared = 2; //~ race
    CHECK(pthread_mutex_unlock(&mutex) == 0);
    return argument;
}

int main(void) {
    pthread_t one, two;
    void *result;
    CHECK(pthread_create(&one, NULL, waits, NULL) == 0);
    CHECK(pthread_create(&two, NULL, second, NULL) == 0);
    await(1);
    CHECK(pthread_mutex_lock(&mutex) == 0);
    CHECK(pthread_mutex_unlock(&mutex) == 0);
    CHECK(pthread_cancel(one) == 0);
    CHECK(pthread_join(one, &result) == 0 && result == PTHREAD_CANCELED);
    CHECK(pthread_join(two, NULL) == 0);
    return 0;
}
