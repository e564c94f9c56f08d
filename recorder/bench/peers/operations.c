/* The rows of `operations.rs` and `contended.rs` in C, to be compiled with and
 * without ThreadSanitizer. */
#include "protocol.h"

#include <pthread.h>
#include <stdatomic.h>

#define WORDS 512

static uint64_t words[WORDS];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static uint64_t guarded;
static _Atomic uint32_t narrow;
static _Atomic uint64_t wide;
static _Atomic(uint64_t *) pointer;

static void plain_write(uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        words[i % WORDS] = i;
        SETTLE(words);
    }
}

static void lock_mutex(uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        pthread_mutex_lock(&mutex);
        guarded++;
        pthread_mutex_unlock(&mutex);
    }
}

static void read_rwlock(uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        pthread_rwlock_rdlock(&rwlock);
        __asm__ volatile("" : : "r"(guarded));
        pthread_rwlock_unlock(&rwlock);
    }
}

static void write_rwlock(uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        pthread_rwlock_wrlock(&rwlock);
        guarded++;
        pthread_rwlock_unlock(&rwlock);
    }
}

#define LOAD(name, atomic)                                                     \
    static void name(uint32_t count) {                                         \
        for (uint32_t i = 0; i < count; i++)                                   \
            __asm__ volatile(                                                  \
                ""                                                             \
                :                                                              \
                : "r"(atomic_load_explicit(&atomic, memory_order_acquire)));   \
    }

#define STORE(name, atomic, value)                                             \
    static void name(uint32_t count) {                                         \
        for (uint32_t i = 0; i < count; i++) {                                 \
            atomic_store_explicit(&atomic, value, memory_order_release);       \
            SETTLE(&atomic);                                                   \
        }                                                                      \
    }

#define ADD(name, atomic)                                                      \
    static void name(uint32_t count) {                                         \
        for (uint32_t i = 0; i < count; i++)                                   \
            __asm__ volatile("" : : "r"(atomic_fetch_add_explicit(             \
                &atomic, 1, memory_order_acq_rel)));                           \
    }

LOAD(load_u32, narrow)
STORE(store_u32, narrow, i)
ADD(add_u32, narrow)
LOAD(load_u64, wide)
STORE(store_u64, wide, i)
ADD(add_u64, wide)
LOAD(load_pointer, pointer)
STORE(store_pointer, pointer, words + (i & 1))

static void swap_pointer(uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        __asm__ volatile("" : : "r"(atomic_exchange_explicit(
            &pointer, words + (i & 1), memory_order_acq_rel)));
}

static void *nothing(void *argument) { return argument; }

static void spawn_join(uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, nothing, NULL);
        pthread_join(thread, NULL);
    }
}

/* Two threads, each on a processor of its own, from a common start. */
struct side {
    void (*run)(uint32_t);
    uint32_t count;
    int cpu;
    double start, end;
};

static _Atomic uint32_t arrived;

static void *run_side(void *argument) {
    struct side *side = argument;
    pin(side->cpu);
    side->run(500);
    atomic_fetch_add(&arrived, 1);
    while (atomic_load(&arrived) < 2)
        __asm__ volatile("pause");
    side->start = now_ns();
    side->run(side->count);
    side->end = now_ns();
    return NULL;
}

static double on_two_threads(void (*run)(uint32_t), uint32_t count) {
    struct side sides[2] = {{run, count, 0, 0, 0}, {run, count, 1, 0, 0}};
    pthread_t threads[2];
    atomic_store(&arrived, 0);
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, run_side, &sides[i]);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    double start = sides[0].start < sides[1].start ? sides[0].start : sides[1].start;
    double end = sides[0].end > sides[1].end ? sides[0].end : sides[1].end;
    /* There are twice as many operations. */
    return (end - start) / 2;
}

static double contended_mutex(uint32_t count) {
    return on_two_threads(lock_mutex, count);
}

static double two_readers(uint32_t count) {
    return on_two_threads(read_rwlock, count);
}

static const struct operation operations[] = {
    {"plain-write", plain_write, 4000, 0},
    {"mutex", lock_mutex, 1000, 0},
    {"mutex-contended", 0, 0, contended_mutex},
    {"rwlock-read", read_rwlock, 1000, 0},
    {"rwlock-readers", 0, 0, two_readers},
    {"rwlock-write", write_rwlock, 1000, 0},
    {"u32-load", load_u32, 1000, 0},
    {"u32-store", store_u32, 1000, 0},
    {"u32-add", add_u32, 1000, 0},
    {"u64-load", load_u64, 1000, 0},
    {"u64-store", store_u64, 1000, 0},
    {"u64-add", add_u64, 1000, 0},
    {"pointer-load", load_pointer, 1000, 0},
    {"pointer-store", store_pointer, 1000, 0},
    {"pointer-swap", swap_pointer, 1000, 0},
    {"spawn-join", spawn_join, 2, 0},
};

int main(void) {
    return serve(operations, sizeof operations / sizeof *operations);
}
