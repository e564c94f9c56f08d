// race: data
// Order that no instrumented code makes, of which the program tells one half.
#include "own_order.h"

#include <pthread.h>

static int data, counter, statistics;

static void *work(void *unused) {
    data = 42;
    statistics = 1;
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
