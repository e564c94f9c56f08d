// no race
// What one thread frees and another gets again is ordered by that.
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static atomic_int freed;

static void *first(void *unused) {
    for (int i = 0; i < 100; i++) {
        int *block = malloc(2000000);
        block[0] = i;
        block[100] = i;
        free(block);
    }
    atomic_store_explicit(&freed, 1, memory_order_relaxed);
    return unused;
}

int main(void) {
    pthread_t thread;
    pthread_create(&thread, 0, first, 0);
    while (!atomic_load_explicit(&freed, memory_order_relaxed)) {
    }
    for (int i = 0; i < 100; i++) {
        int *block = calloc(500, 1000);
        block[0]++;
        block[100]++;
        block = realloc(block, 700000);
        block[0]++;
        block = reallocarray(block, 500, 1000);
        block[100]++;
        free(block);
    }
    pthread_join(thread, 0);
    return 0;
}
