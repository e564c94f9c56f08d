// pthread_spin_trylock: one that fails orders nothing.
// No race; with RACE the marked accesses race.
#include "pair.h"

static pthread_spinlock_t lock;

__attribute__((constructor)) static void make(void) { pthread_spin_init(&lock, 0); }

static void *first(void *argument) {
    CHECK(pthread_spin_lock(&lock) == 0);
    shared = 1; //~ race
    turn(1);
    IF_RACE(await(2);)
    CHECK(pthread_spin_unlock(&lock) == 0);
    return argument;
}

static void *second(void *argument) {
    await(1);
    IF_RACE(CHECK(pthread_spin_trylock(&lock) == EBUSY);)
    UNLESS_RACE(while (pthread_spin_trylock(&lock) != 0) sched_yield();)
    shared = 2; //~ race
    UNLESS_RACE(CHECK(pthread_spin_unlock(&lock) == 0);)
    turn(2);
    return argument;
}
