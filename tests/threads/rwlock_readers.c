// pthread_rwlock_rdlock: readers are not ordered among themselves.
// No race; with RACE the marked accesses race.
#include "pair.h"

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

static int take(void) {
    IF_RACE(return pthread_rwlock_rdlock(&lock);)
    UNLESS_RACE(return pthread_rwlock_wrlock(&lock);)
}

static void *first(void *argument) {
    CHECK(take() == 0);
    shared = 1; //~ race
    CHECK(pthread_rwlock_unlock(&lock) == 0);
    return argument;
}

static void *second(void *argument) {
    CHECK(take() == 0);
    shared = 2; //~ race
    CHECK(pthread_rwlock_unlock(&lock) == 0);
    return argument;
}
