// thrd_create, thrd_join, thrd_exit; mtx_lock, mtx_trylock, mtx_timedlock, mtx_unlock.
// No race; with RACE the marked accesses race.
#define OWN_MAIN
#include "pair.h"
#include <threads.h>

static mtx_t mutex;

static int first(void *argument) {
    (void)argument;
    CHECK(mtx_lock(&mutex) == thrd_success);
    shared = 1; //~ race
    CHECK(mtx_unlock(&mutex) == thrd_success);
    return 3;
}

static int second(void *argument) {
    (void)argument;
    struct timespec until = in_ms(CLOCK_REALTIME, 60000);
    UNLESS_RACE(CHECK(mtx_timedlock(&mutex, &until) == thrd_success);)
    shared = 2; //~ race
    UNLESS_RACE(CHECK(mtx_unlock(&mutex) == thrd_success);)
    thrd_exit(4);
}

int main(void) {
    thrd_t one, two;
    int result;
    CHECK(mtx_init(&mutex, mtx_timed) == thrd_success);
    CHECK(thrd_create(&one, first, NULL) == thrd_success);
    CHECK(thrd_create(&two, second, NULL) == thrd_success);
    CHECK(thrd_join(one, &result) == thrd_success && result == 3);
    CHECK(thrd_join(two, &result) == thrd_success && result == 4);
    CHECK(mtx_trylock(&mutex) == thrd_success);
    CHECK(mtx_trylock(&mutex) == thrd_busy);
    shared = 3;
    CHECK(mtx_unlock(&mutex) == thrd_success);
    mtx_destroy(&mutex);
    return 0;
}
