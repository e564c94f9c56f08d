// pthread_exit of the first thread, which another one joins.
// No race; with RACE the marked accesses race.
#define OWN_MAIN
#include "pair.h"

static pthread_t main_thread;

static void *child(void *argument) {
    await(1);
    IF_RACE(shared = 2;) //~ race
    CHECK(pthread_join(main_thread, NULL) == 0);
    shared = 3;
    return argument;
}

int main(void) {
    pthread_t thread;
    main_thread = pthread_self();
    CHECK(pthread_create(&thread, NULL, child, NULL) == 0);
    shared = 1; //~ race
    turn(1);
    pthread_exit(NULL);
}
