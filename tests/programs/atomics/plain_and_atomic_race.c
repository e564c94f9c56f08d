// race: shared
// A plain access of an atomic's bytes races with an atomic one.
#include <pthread.h>

static long shared;

static void *adder(void *unused) {
    __atomic_fetch_add(&shared, 1, __ATOMIC_SEQ_CST);
    return unused;
}

int main(void) {
    pthread_t thread;
    pthread_create(&thread, 0, adder, 0);
    shared++;
    pthread_join(thread, 0);
    return 0;
}
