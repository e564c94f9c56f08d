// no race
// A read-modify-write carries a release store on, whoever makes it.
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
    int one = 1;
    while (!atomic_compare_exchange_weak_explicit(&state, &one, 2, memory_order_relaxed,
                                                  memory_order_relaxed)) {
        one = 1;
    }
    return unused;
}

int main(void) {
    pthread_t threads[2];
    pthread_create(&threads[0], 0, writer, 0);
    pthread_create(&threads[1], 0, passer, 0);
    while (atomic_load_explicit(&state, memory_order_acquire) != 2) {
    }
    int value = data;
    pthread_join(threads[0], 0);
    pthread_join(threads[1], 0);
    return value != 1;
}
