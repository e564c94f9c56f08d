/* LTTng-UST's tracepoint for an access: an address. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER hbtrace_bench

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "lttng_provider.h"

#if !defined(HBTRACE_BENCH_LTTNG_PROVIDER_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define HBTRACE_BENCH_LTTNG_PROVIDER_H

#include <lttng/tracepoint.h>

LTTNG_UST_TRACEPOINT_EVENT(hbtrace_bench, access,
    LTTNG_UST_TP_ARGS(const void *, address),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer_hex(uint64_t, address, (uint64_t)address)))

LTTNG_UST_TRACEPOINT_EVENT(hbtrace_bench, other,
    LTTNG_UST_TP_ARGS(const void *, address),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer_hex(uint64_t, address, (uint64_t)address)))

#endif

#include <lttng/tracepoint-event.h>
