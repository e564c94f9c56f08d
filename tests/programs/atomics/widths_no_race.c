// no race
// Every operation at every width does what it should, and two threads that use
// nothing else never race.
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(is)                                                                              \
    do {                                                                                       \
        if (!(is)) {                                                                           \
            fprintf(stderr, "%d: %s\n", __LINE__, #is);                                        \
            exit(3);                                                                           \
        }                                                                                      \
    } while (0)

#define OPERATIONS(type, name)                                                                 \
    static type shared_##name;                                                                 \
    static void alone_##name(void) {                                                           \
        type at = 5, wanted = 1, was = 0;                                                      \
        CHECK(__atomic_load_n(&at, __ATOMIC_ACQUIRE) == 5);                                    \
        __atomic_store_n(&at, 7, __ATOMIC_RELEASE);                                            \
        CHECK(__atomic_exchange_n(&at, 9, __ATOMIC_ACQ_REL) == 7);                             \
        CHECK(__atomic_fetch_add(&at, 3, __ATOMIC_RELAXED) == 9 && at == 12);                  \
        CHECK(__atomic_fetch_sub(&at, 4, __ATOMIC_SEQ_CST) == 12 && at == 8);                  \
        CHECK(__atomic_fetch_or(&at, 7, __ATOMIC_SEQ_CST) == 8 && at == 15);                   \
        CHECK(__atomic_fetch_and(&at, 6, __ATOMIC_SEQ_CST) == 15 && at == 6);                  \
        CHECK(__atomic_fetch_xor(&at, 5, __ATOMIC_SEQ_CST) == 6 && at == 3);                   \
        CHECK(__atomic_fetch_nand(&at, 2, __ATOMIC_SEQ_CST) == 3 && at == (type) ~2);          \
        CHECK(__atomic_add_fetch(&at, 2, __ATOMIC_SEQ_CST) == (type)-1);                       \
        CHECK(!__atomic_compare_exchange_n(&at, &wanted, 4, 0, __ATOMIC_SEQ_CST,               \
                                           __ATOMIC_RELAXED));                                 \
        CHECK(wanted == (type)-1);                                                             \
        CHECK(__atomic_compare_exchange_n(&at, &wanted, 4, 1, __ATOMIC_ACQ_REL,                \
                                          __ATOMIC_ACQUIRE));                                  \
        CHECK(at == 4);                                                                        \
        was = __sync_val_compare_and_swap(&at, 4, 6);                                          \
        CHECK(was == 4 && at == 6);                                                            \
        was = __sync_val_compare_and_swap(&at, 4, 7);                                          \
        CHECK(was == 6 && at == 6);                                                            \
    }                                                                                          \
    static void together_##name(void) {                                                        \
        for (int i = 0; i < 1000; i++) {                                                       \
            type seen = __atomic_load_n(&shared_##name, __ATOMIC_RELAXED);                     \
            while (!__atomic_compare_exchange_n(&shared_##name, &seen, (type)(seen + 1), 1,    \
                                                __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {         \
            }                                                                                  \
            __atomic_fetch_add(&shared_##name, 1, __ATOMIC_RELAXED);                           \
        }                                                                                      \
    }

OPERATIONS(uint8_t, 8)
OPERATIONS(uint16_t, 16)
OPERATIONS(uint32_t, 32)
OPERATIONS(uint64_t, 64)
#ifdef __GCC_HAVE_SYNC_COMPARE_AND_SWAP_16
OPERATIONS(unsigned __int128, 128)
#endif

static void *work(void *unused) {
    together_8();
    together_16();
    together_32();
    together_64();
#ifdef __GCC_HAVE_SYNC_COMPARE_AND_SWAP_16
    together_128();
#endif
    return unused;
}

int main(void) {
    alone_8();
    alone_16();
    alone_32();
    alone_64();
#ifdef __GCC_HAVE_SYNC_COMPARE_AND_SWAP_16
    alone_128();
#endif
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], 0, work, 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], 0);
    }
    CHECK(shared_8 == (uint8_t)4000);
    CHECK(shared_16 == 4000 && shared_32 == 4000 && shared_64 == 4000);
#ifdef __GCC_HAVE_SYNC_COMPARE_AND_SWAP_16
    CHECK(shared_128 == 4000);
#endif
    return 0;
}
