// A robust mutex: whoever takes it from the dead comes after them.
// No race; with RACE the marked accesses race.
#include "pair.h"

static pthread_mutex_t mutex;

__attribute__((constructor)) static void make(void) {
    pthread_mutexattr_t robust;
    pthread_mutexattr_init(&robust);
    pthread_mutexattr_setrobust(&robust, PTHREAD_MUTEX_ROBUST);
    CHECK(pthread_mutex_init(&mutex, &robust) == 0);
}

static void *first(void *argument) {
    CHECK(pthread_mutex_lock(&mutex) == 0);
    shared = 1; //~ race
    turn(1);
    return argument;
}

static void *second(void *argument) {
    await(1);
    IF_RACE(shared = 2;) //~ race
    CHECK(pthread_mutex_lock(&mutex) == EOWNERDEAD);
    CHECK(pthread_mutex_consistent(&mutex) == 0);
    shared = 3;
    CHECK(pthread_mutex_unlock(&mutex) == 0);
    return argument;
}
