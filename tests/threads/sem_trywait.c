// sem_trywait.
// No race; with RACE the marked accesses race.
#include "pair.h"

static sem_t semaphore;

__attribute__((constructor)) static void make(void) { CHECK(sem_init(&semaphore, 0, 0) == 0); }

static void *first(void *argument) {
    usleep(20000);
    UNLESS_RACE(shared = 1;)
    CHECK(sem_post(&semaphore) == 0);
    IF_RACE(shared = 1;) //~ race
    return argument;
}

static void *second(void *argument) {
    while (sem_trywait(&semaphore) != 0) CHECK(errno == EAGAIN);
    shared = 2; //~ race
    return argument;
}
