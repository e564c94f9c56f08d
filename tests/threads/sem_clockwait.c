// sem_clockwait, one that times out too.
// No race; with RACE the marked accesses race.
#include "pair.h"

static sem_t semaphore;

__attribute__((constructor)) static void make(void) { CHECK(sem_init(&semaphore, 0, 0) == 0); }

static int ask(long ms) {
    struct timespec until = in_ms(CLOCK_MONOTONIC, ms);
    return sem_clockwait(&semaphore, CLOCK_MONOTONIC, &until);
}

static void *first(void *argument) {
    usleep(20000);
    UNLESS_RACE(shared = 1;)
    CHECK(sem_post(&semaphore) == 0);
    IF_RACE(shared = 1;) //~ race
    return argument;
}

static void *second(void *argument) {
    CHECK(ask(2) == -1 && errno == ETIMEDOUT);
    CHECK(ask(60000) == 0);
    shared = 2; //~ race
    return argument;
}
