// pthread_spin_lock, pthread_spin_unlock.
// No race; with RACE the marked accesses race.
#include "pair.h"

static pthread_spinlock_t lock;

__attribute__((constructor)) static void make(void) { pthread_spin_init(&lock, 0); }

static void *first(void *argument) {
    CHECK(pthread_spin_lock(&lock) == 0);
    shared = 1; //~ race
    CHECK(pthread_spin_unlock(&lock) == 0);
    return argument;
}

static void *second(void *argument) {
    UNLESS_RACE(CHECK(pthread_spin_lock(&lock) == 0);)
    shared = 2; //~ race
    UNLESS_RACE(CHECK(pthread_spin_unlock(&lock) == 0);)
    return argument;
}
