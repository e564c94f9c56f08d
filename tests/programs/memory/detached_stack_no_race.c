// no race
// A thread that nobody joins leaves its stack to the next one.
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static atomic_int done;
static __thread int own;

__attribute__((noinline)) static void use(volatile int *numbers) {
    for (int i = 0; i < 10; i++) {
        numbers[i]++;
    }
}

__attribute__((noinline)) static int *pass(int *pointer) {
    __asm__ volatile("" : "+r"(pointer));
    return pointer;
}

static void *work(void *unused) {
    volatile int numbers[10] = {0};
    use(numbers);
    *pass(&own) = 1;
    atomic_fetch_add_explicit(&done, 1, memory_order_relaxed);
    return unused;
}

int main(void) {
    for (int i = 0; i < 50; i++) {
        pthread_t thread;
        pthread_create(&thread, 0, work, 0);
        pthread_detach(thread);
        while (atomic_load_explicit(&done, memory_order_relaxed) <= i) {
        }
        // So that many find the stack of the one before.
        usleep(200);
    }
    return 0;
}
