// Two threads that both touch `shared`, and a main that runs them.
//
// A program marks the accesses that race if it is compiled with RACE. `turn`
// and `await` put threads into an order that nothing of the trace knows of.
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#ifdef RACE
#define IF_RACE(...) __VA_ARGS__
#define UNLESS_RACE(...)
#else
#define IF_RACE(...)
#define UNLESS_RACE(...) __VA_ARGS__
#endif

// Ends the program with the line that fails.
#define CHECK(condition) do { if (!(condition)) _exit(__LINE__ % 200 + 10); } while (0)

int shared;
static volatile int turns;

__attribute__((no_sanitize("thread"), noinline, unused))
static void turn(int number) { turns = number; }

__attribute__((no_sanitize("thread"), noinline, unused))
static void await(int number) { while (turns < number) sched_yield(); }

__attribute__((unused))
static struct timespec in_ms(clockid_t clock, long ms) {
    struct timespec time;
    clock_gettime(clock, &time);
    time.tv_sec += ms / 1000;
    time.tv_nsec += ms % 1000 * 1000000;
    if (time.tv_nsec >= 1000000000) { time.tv_sec++; time.tv_nsec -= 1000000000; }
    return time;
}

#ifndef OWN_MAIN
static void *first(void *argument);
static void *second(void *argument);

int main(void) {
    pthread_t one, two;
    CHECK(pthread_create(&one, NULL, first, NULL) == 0);
    CHECK(pthread_create(&two, NULL, second, NULL) == 0);
    CHECK(pthread_join(one, NULL) == 0);
    CHECK(pthread_join(two, NULL) == 0);
    return 0;
}
#endif
