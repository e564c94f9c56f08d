#!/usr/bin/env bash
# What packing makes of traces: bytes per event beside those of zstd and xz,
# times, and what analysing costs packed and as recorded (by turns).
#
#   packing.sh TRACE...
#
# PAIRS says how many turns, LEVELS which levels of zstd.
#
# `hbtrace` is taken from HBTRACE, else from the target folder.
set -euo pipefail
hbtrace=${HBTRACE:-${CARGO_TARGET_DIR:-$(dirname "$0")/../target}/release/hbtrace}
pairs=${PAIRS:-11}
levels=${LEVELS:-3 9 19}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Seconds of wall time that a command takes.
seconds() {
    local TIMEFORMAT=%R
    { time "$@" >/dev/null 2>&1; } 2>&1
}
bytes() { stat -c %s "$1"; }
each() { awk -v b="$1" -v e="$2" 'BEGIN { printf "%.2f", b / e }'; }
median() { sort -n | awk '{ a[NR] = $1 } END { printf "%.2f", a[int((NR + 1) / 2)] }'; }

for trace in "$@"; do
    packed=$work/packed.trace
    events=$("$hbtrace" info "$trace" 2>/dev/null | sed -n 's/^events *//p' | tr -d ,)
    plain=$(bytes "$trace")
    pack=$(seconds "$hbtrace" pack "$trace" -o "$packed" --force)
    unpack=$(seconds "$hbtrace" unpack "$packed" -o "$work/plain.trace" --force)
    cmp "$trace" "$work/plain.trace"
    echo "$trace: $events events"
    row() { printf '  %-12s %14s bytes %8s per event %8s s\n' "$1" "$2" "$(each "$2" "$events")" "$3"; }
    row recorded "$plain" -
    row packed "$(bytes "$packed")" "$pack"
    for level in $levels; do
        took=$(seconds zstd -q -f -T1 "-$level" "$trace" -o "$work/z")
        row "zstd -$level" "$(bytes "$work/z")" "$took"
    done
    took=$(seconds sh -c "xz -6 -T1 -c '$trace' > '$work/x'")
    row "xz -6" "$(bytes "$work/x")" "$took"
    echo "  unpack $unpack s"
    ratios=$(for _ in $(seq "$pairs"); do
        one=$(seconds "$hbtrace" analyze "$trace" --format json)
        other=$(seconds "$hbtrace" analyze "$packed" --format json)
        awk -v a="$one" -v b="$other" 'BEGIN { if (a > 0) print b / a }'
    done)
    echo "  analysing it packed takes $(median <<<"$ratios") times what it takes as recorded ($pairs pairs)"
done
