/* The child's side of the protocol of `child.rs`: a line `ROW COUNT` is
 * answered with the nanoseconds of one round. */
#ifndef HBTRACE_BENCH_PROTOCOL_H
#define HBTRACE_BENCH_PROTOCOL_H

#define _GNU_SOURCE
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct operation {
    const char *row;
    /* Does so many operations. */
    void (*run)(uint32_t count);
    /* Operations that are not timed. */
    uint32_t warm;
    /* Or a whole round, which times itself. */
    double (*round)(uint32_t count);
};

static double now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e9 + time.tv_nsec;
}

static void pin(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    /* Where it is not allowed, it is not done. */
    sched_setaffinity(0, sizeof set, &set);
}

static double one_round(const struct operation *operation, uint32_t count) {
    if (operation->round)
        return operation->round(count);
    operation->run(operation->warm);
    double start = now_ns();
    operation->run(count);
    return now_ns() - start;
}

static int serve(const struct operation *operations, int count_of_operations) {
    char row[64];
    unsigned count;
    while (scanf("%63s %u", row, &count) == 2) {
        pin(0);
        for (int i = 0; i < count_of_operations; i++)
            if (strcmp(operations[i].row, row) == 0)
                printf("%.0f", one_round(&operations[i], count));
        printf("\n");
        fflush(stdout);
    }
    return 0;
}

/* The memory behind the pointer is used in a way the compiler can't see. */
#define SETTLE(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

#endif
