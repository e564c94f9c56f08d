// cnd_wait, cnd_timedwait, cnd_signal, cnd_broadcast.
// No race; with RACE the marked accesses race.
#include "pair.h"
#include <threads.h>

static mtx_t mutex;
static cnd_t condition;
static int ready;

__attribute__((constructor)) static void make(void) {
    CHECK(mtx_init(&mutex, mtx_plain) == thrd_success);
    CHECK(cnd_init(&condition) == thrd_success);
}

static void *first(void *argument) {
    usleep(20000);
    UNLESS_RACE(shared = 1;)
    for (int i = 1; i <= 2; i++) {
        CHECK(mtx_lock(&mutex) == thrd_success);
        ready = i;
        CHECK((i == 1 ? cnd_signal : cnd_broadcast)(&condition) == thrd_success);
        CHECK(mtx_unlock(&mutex) == thrd_success);
    }
    IF_RACE(shared = 1;) //~ race
    return argument;
}

static void *second(void *argument) {
    CHECK(mtx_lock(&mutex) == thrd_success);
    while (ready < 1)
        CHECK(cnd_wait(&condition, &mutex) == thrd_success);
    while (ready < 2) {
        struct timespec until = in_ms(CLOCK_REALTIME, 1);
        int result = cnd_timedwait(&condition, &mutex, &until);
        CHECK(result == thrd_success || result == thrd_timedout);
    }
    CHECK(mtx_unlock(&mutex) == thrd_success);
    shared = 2; //~ race
    return argument;
}
