/* An event of LTTng-UST: one that a session records, and one (`other`) that
 * none does. */
#include "protocol.h"

#include <stdlib.h>

#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "lttng_provider.h"

static uint64_t words[512];

static void enabled(uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        lttng_ust_tracepoint(hbtrace_bench, access, words + i % 512);
}

static void disabled(uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        lttng_ust_tracepoint(hbtrace_bench, other, words + i % 512);
}

int main(void) {
    const char *event = getenv("HBTRACE_BENCH_EVENT");
    int off = event && strcmp(event, "other") == 0;
    const struct operation operation = {"event", off ? disabled : enabled, 1000, 0};
    return serve(&operation, 1);
}
