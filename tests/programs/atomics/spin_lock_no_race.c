// no race
// A spin lock made of exchanges.
#include <pthread.h>
#include <stdatomic.h>

static atomic_flag lock = ATOMIC_FLAG_INIT;
static int counter;

static void *work(void *unused) {
    for (int i = 0; i < 10000; i++) {
        while (atomic_flag_test_and_set_explicit(&lock, memory_order_acquire)) {
        }
        counter++;
        atomic_flag_clear_explicit(&lock, memory_order_release);
    }
    return unused;
}

int main(void) {
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        pthread_create(&threads[i], 0, work, 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], 0);
    }
    return counter != 40000;
}
