// pthread_rwlock_tryrdlock: one that fails orders nothing.
// No race; with RACE the marked accesses race.
#include "pair.h"

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

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
    IF_RACE(CHECK(pthread_rwlock_tryrdlock(&lock) == EBUSY);)
    UNLESS_RACE(while (pthread_rwlock_tryrdlock(&lock) != 0) sched_yield();)
    shared = 2; //~ race
    UNLESS_RACE(CHECK(pthread_rwlock_unlock(&lock) == 0);)
    turn(2);
    return argument;
}
