// no race
// A flag that is stored with release order and read with acquire order orders
// what was written before it.
#include <pthread.h>
#include <stdatomic.h>

static int data;
static atomic_int ready;

static void *writer(void *unused) {
    data = 42;
    atomic_store_explicit(&ready, 1, memory_order_release);
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
