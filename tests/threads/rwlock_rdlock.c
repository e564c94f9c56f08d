// pthread_rwlock_wrlock, then pthread_rwlock_rdlock, then pthread_rwlock_wrlock.
// No race; with RACE the marked accesses race.
#include "pair.h"

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

static void *first(void *argument) {
    CHECK(pthread_rwlock_wrlock(&lock) == 0);
    shared = 1; //~ race
    CHECK(pthread_rwlock_unlock(&lock) == 0);
    turn(1);
    await(2);
    CHECK(pthread_rwlock_wrlock(&lock) == 0);
    shared++;
    CHECK(pthread_rwlock_unlock(&lock) == 0);
    return argument;
}

static void *second(void *argument) {
    await(1);
    IF_RACE(CHECK(shared == 1);) //~ race
    CHECK(pthread_rwlock_rdlock(&lock) == 0);
    CHECK(shared == 1);
    CHECK(pthread_rwlock_unlock(&lock) == 0);
    turn(2);
    return argument;
}
