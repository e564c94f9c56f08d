// Order that no instrumented code makes: a flag, and a lock that is told of.
#pragma once

void __tsan_acquire(void *at);
void __tsan_release(void *at);
void __tsan_mutex_pre_lock(void *at, unsigned flags);
void __tsan_mutex_post_lock(void *at, unsigned flags, int depth);
int __tsan_mutex_pre_unlock(void *at, unsigned flags);
void __tsan_mutex_post_unlock(void *at, unsigned flags);
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);

static volatile int ready;
static volatile char lock;

__attribute__((no_sanitize("thread"))) static void set_ready(void) {
    __asm__ volatile("" ::: "memory");
    ready = 1;
}

__attribute__((no_sanitize("thread"))) static int is_ready(void) {
    return ready;
}

static void take(void) {
    __tsan_mutex_pre_lock((void *)&lock, 0);
    char held = 1;
    while (held) {
        __asm__ volatile("xchgb %0, %1" : "+q"(held), "+m"(lock)::"memory");
    }
    __tsan_mutex_post_lock((void *)&lock, 0, 0);
}

static void let_go(void) {
    __tsan_mutex_pre_unlock((void *)&lock, 0);
    __asm__ volatile("movb $0, %0" : "=m"(lock)::"memory");
    __tsan_mutex_post_unlock((void *)&lock, 0);
}
