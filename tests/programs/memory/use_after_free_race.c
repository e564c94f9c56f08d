// race: block
// A block is freed while another thread may still write to it.
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static long *block;
static atomic_int written;

static void *writer(void *unused) {
    block[1] = 1;
    atomic_store_explicit(&written, 1, memory_order_relaxed);
    return unused;
}

int main(void) {
    pthread_t thread;
    block = malloc(16);
    pthread_create(&thread, 0, writer, 0);
    while (!atomic_load_explicit(&written, memory_order_relaxed)) {
    }
    free(block);
    pthread_join(thread, 0);
    return 0;
}
