// sem_open, sem_close.
// No race; with RACE the marked accesses race.
#include "pair.h"
#include <fcntl.h>
#include <stdio.h>

static sem_t *semaphore;

__attribute__((constructor)) static void make(void) {
    char name[40];
    snprintf(name, sizeof name, "/hbtrace-test-%d", (int)getpid());
    semaphore = sem_open(name, O_CREAT | O_EXCL, 0600, 0);
    CHECK(semaphore != SEM_FAILED);
    CHECK(sem_open(name, 0) == semaphore && sem_close(semaphore) == 0);
    CHECK(sem_unlink(name) == 0);
}

static void *first(void *argument) {
    usleep(20000);
    UNLESS_RACE(shared = 1;)
    CHECK(sem_post(semaphore) == 0);
    IF_RACE(shared = 1;) //~ race
    return argument;
}

static void *second(void *argument) {
    CHECK(sem_trywait(semaphore) == -1 && errno == EAGAIN);
    CHECK(sem_wait(semaphore) == 0);
    shared = 2; //~ race
    return argument;
}
