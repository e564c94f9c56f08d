// no race
// Every allocator does what it should, errors included.
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(is)                                                                              \
    do {                                                                                       \
        if (!(is)) {                                                                           \
            fprintf(stderr, "%d: %s\n", __LINE__, #is);                                        \
            exit(3);                                                                           \
        }                                                                                      \
    } while (0)

static volatile size_t huge = SIZE_MAX / 2;

static void *work(void *unused) {
    errno = 7;
    char *block = malloc(100);
    CHECK(block && errno == 7);
    memset(block, 1, 100);
    block = realloc(block, 10000);
    CHECK(block && block[99] == 1 && errno == 7);
    CHECK(!realloc(block, huge) && errno == ENOMEM && block[99] == 1);
    errno = 7;
    CHECK(!reallocarray(block, huge, 4) && errno == ENOMEM && block[99] == 1);
    errno = 7;
    free(block);
    free(0);
    CHECK(errno == 7);
    CHECK(!malloc(huge) && errno == ENOMEM);
    CHECK(!calloc(huge, 4) && errno == ENOMEM);
    errno = 7;
    char *zeroes = calloc(10, 10);
    for (int i = 0; i < 100; i++) {
        CHECK(!zeroes[i]);
    }
    free(zeroes);
    void *aligned = 0;
    CHECK(posix_memalign(&aligned, 3, 8) == EINVAL && errno == 7);
    CHECK(posix_memalign(&aligned, 4, 8) == EINVAL && !aligned);
    CHECK(posix_memalign(&aligned, 64, huge) == ENOMEM && !aligned && errno == 7);
    CHECK(posix_memalign(&aligned, 256, 8) == 0 && (uintptr_t)aligned % 256 == 0);
    free(aligned);
    aligned = aligned_alloc(128, 256);
    CHECK((uintptr_t)aligned % 128 == 0);
    free(aligned);
    aligned = memalign(4096, 10);
    CHECK((uintptr_t)aligned % 4096 == 0);
    free(aligned);
    aligned = valloc(10);
    CHECK((uintptr_t)aligned % 4096 == 0);
    free(aligned);
    char *copy = strdup("text");
    CHECK(!strcmp(copy, "text"));
    free(copy);
    return unused;
}

int main(void) {
    work(0);
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], 0, work, 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], 0);
    }
    return 0;
}
