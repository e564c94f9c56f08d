// pthread_timedjoin_np: one that times out orders nothing.
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
    IF_RACE(struct timespec soon = in_ms(CLOCK_REALTIME, 10); CHECK(pthread_timedjoin_np(thread, &result, &soon) == ETIMEDOUT);)
    IF_RACE(shared = 2;) //~ race
    turn(2);
    struct timespec until = in_ms(CLOCK_REALTIME, 60000);
    CHECK(pthread_timedjoin_np(thread, &result, &until) == 0 && result == &shared);
    shared = 3;
    return 0;
}
