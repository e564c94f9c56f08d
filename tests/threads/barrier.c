// pthread_barrier_wait.
// No race; with RACE the marked accesses race.
#include "pair.h"

static pthread_barrier_t barrier;

__attribute__((constructor)) static void make(void) {
    CHECK(pthread_barrier_init(&barrier, NULL, 2) == 0);
}

static int serial(void) {
    int result = pthread_barrier_wait(&barrier);
    CHECK(result == 0 || result == PTHREAD_BARRIER_SERIAL_THREAD);
    return result != 0;
}

static void *first(void *argument) {
    UNLESS_RACE(shared = 1;)
    int serials = serial();
    IF_RACE(shared = 1;) //~ race
    for (int round = 0; round < 100; round++)
        serials += serial();
    CHECK(serials <= 101);
    return argument;
}

static void *second(void *argument) {
    serial();
    shared = 2; //~ race
    for (int round = 0; round < 100; round++)
        serial();
    return argument;
}
