// pthread_create: what the parent did before, the child comes after.
// No race; with RACE the marked accesses race.
#define OWN_MAIN
#include "pair.h"

static void *child(void *argument) {
    shared = 2; //~ race
    return argument;
}

int main(void) {
    pthread_t thread;
    UNLESS_RACE(shared = 1;)
    CHECK(pthread_create(&thread, NULL, child, NULL) == 0);
    IF_RACE(shared = 1;) //~ race
    CHECK(pthread_join(thread, NULL) == 0);
    return 0;
}
