// pthread_rwlock_timedrdlock: one that times out orders nothing.
// No race; with RACE the marked accesses race.
#include "pair.h"

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

static int ask(long ms) {
    struct timespec until = in_ms(CLOCK_REALTIME, ms);
    return pthread_rwlock_timedrdlock(&lock, &until);
}

static void *first(void *argument) {
    CHECK(pthread_rwlock_wrlock(&lock) == 0);
    shared = 1; //~ race
    turn(1);
    IF_RACE(await(2);)
    CHECK(pthread_rwlock_unlock(&lock) == 0);
    return argument;
}

static void *second(void *argument) {
    await(1);
    IF_RACE(CHECK(ask(20) == ETIMEDOUT);)
    UNLESS_RACE(CHECK(ask(60000) == 0);)
    shared = 2; //~ race
    UNLESS_RACE(CHECK(pthread_rwlock_unlock(&lock) == 0);)
    turn(2);
    return argument;
}
