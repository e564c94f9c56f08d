// race: data
// A fence for the compiler alone makes no order of relaxed accesses to a flag.
#include <pthread.h>
#include <stdatomic.h>

static int data;
static atomic_char ready;

static void *writer(void *unused) {
    data = 42;
    atomic_signal_fence(memory_order_release);
    atomic_store_explicit(&ready, 1, memory_order_relaxed);
    return unused;
}

int main(void) {
    pthread_t thread;
    pthread_create(&thread, 0, writer, 0);
    while (!atomic_load_explicit(&ready, memory_order_relaxed)) {
    }
    atomic_thread_fence(memory_order_acquire);
    int value = data;
    pthread_join(thread, 0);
    return value != 42;
}
