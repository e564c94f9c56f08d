// pthread_clockjoin_np: one that times out orders nothing.
// No race; with RACE the marked accesses race.
#define OWN_MAIN
#include "pair.h"

static void *child(void *argument) {
    shared = 1; //~ race
    turn(1);
    IF_RACE(await(2);)
    return argument;
}

int main(void) {
    pthread_t thread;
    void *result = NULL;
    CHECK(pthread_create(&thread, NULL, child, &shared) == 0);
    await(1);
    IF_RACE(struct timespec soon = in_ms(CLOCK_MONOTONIC, 10); CHECK(pthread_clockjoin_np(thread, &result, CLOCK_MONOTONIC, &soon) == ETIMEDOUT);)
    IF_RACE(shared = 2;) //~ race
    turn(2);
    struct timespec until = in_ms(CLOCK_MONOTONIC, 60000);
    CHECK(pthread_clockjoin_np(thread, &result, CLOCK_MONOTONIC, &until) == 0 && result == &shared);
    shared = 3;
    return 0;
}
