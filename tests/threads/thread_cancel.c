// A thread that is cancelled ends as others do.
// No race; with RACE the marked accesses race.
#define OWN_MAIN
#include "pair.h"

static void *child(void *argument) {
    shared = 1; //~ race
    turn(1);
    IF_RACE(await(2);)
    for (;;) pause();
    return argument;
}

int main(void) {
    pthread_t thread;
    void *result = NULL;
    CHECK(pthread_create(&thread, NULL, child, &shared) == 0);
    await(1);
    IF_RACE(shared = 2;) //~ race
    turn(2);
    CHECK(pthread_cancel(thread) == 0);
    CHECK(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
    shared = 3;
    return 0;
}
