// race: data
// A read-modify-write carries a release store on, but a store ends it.
#include <pthread.h>
#include <stdatomic.h>

static int data;
static atomic_int state;

static void *writer(void *unused) {
    data = 1;
    atomic_store_explicit(&state, 1, memory_order_release);
    return unused;
}

static void *passer(void *unused) {
    while (atomic_load_explicit(&state, memory_order_relaxed) != 1) {
    }
    atomic_store_explicit(&state, 2, memory_order_relaxed);
    return unused;
}

int main(void) {
    pthread_t threads[2];
    pthread_create(&threads[0], 0, writer, 0);
    pthread_create(&threads[1], 0, passer, 0);
    while (atomic_load_explicit(&state, memory_order_relaxed) != 2) {
    }
    (void)atomic_load_explicit(&state, memory_order_acquire);
    int value = data;
    pthread_join(threads[0], 0);
    pthread_join(threads[1], 0);
    return value != 1;
}
