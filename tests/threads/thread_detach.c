// pthread_detach: the end of such a thread orders nothing.
// No race; with RACE the marked accesses race.
#define OWN_MAIN
#include "pair.h"

static sem_t done;

static void *child(void *argument) {
    shared = 1; //~ race
    UNLESS_RACE(CHECK(sem_post(&done) == 0);)
    turn(1);
    return argument;
}

int main(void) {
    pthread_t thread;
    CHECK(sem_init(&done, 0, 0) == 0);
    CHECK(pthread_create(&thread, NULL, child, NULL) == 0);
    CHECK(pthread_detach(thread) == 0);
    await(1);
    UNLESS_RACE(CHECK(sem_wait(&done) == 0);)
    shared = 2; //~ race
    return 0;
}
