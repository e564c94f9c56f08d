// race: data
// A flag that is stored with relaxed order orders nothing of
// what was written before it.
#include <pthread.h>
#include <stdatomic.h>

static int data;
static atomic_int ready;

static void *writer(void *unused) {
    data = 42;
    atomic_store_explicit(&ready, 1, memory_order_relaxed);
    return unused;
}

int main(void) {
    pthread_t thread;
    pthread_create(&thread, 0, writer, 0);
    while (!atomic_load_explicit(&ready, memory_order_acquire)) {
    }
    int value = data;
    pthread_join(thread, 0);
    return value != 42;
}
