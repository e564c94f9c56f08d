// no race
// Order that no instrumented code makes, but that the program tells of.
#include <pthread.h>

void __tsan_acquire(void *at);
void __tsan_release(void *at);
void __tsan_mutex_pre_lock(void *at, unsigned flags);
void __tsan_mutex_post_lock(void *at, unsigned flags, int depth);
int __tsan_mutex_pre_unlock(void *at, unsigned flags);
void __tsan_mutex_post_unlock(void *at, unsigned flags);
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);

static int data, counter, statistics;
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

static void *work(void *unused) {
    data = 42;
    statistics = 1;
    __tsan_release(&data);
    set_ready();
    for (int i = 0; i < 1000; i++) {
        take();
        counter++;
        let_go();
    }
    return unused;
}

int main(void) {
    pthread_t thread;
    pthread_create(&thread, 0, work, 0);
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
    int seen = statistics;
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
    while (!is_ready()) {
    }
    __tsan_acquire(&data);
    int value = data;
    for (int i = 0; i < 1000; i++) {
        take();
        counter++;
        let_go();
    }
    pthread_join(thread, 0);
    return value != 42 || counter != 2000 || seen > 1;
}
