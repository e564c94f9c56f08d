#!/usr/bin/env bash
# Builds the example service and hbtrace, records the service under load,
# analyses the trace, prints the report, and says where the picture lies.
#
#   demo.sh             with all three faults in
#   demo.sh clean       without: no finding is expected, and exit code 0
#   demo.sh FAULT,...   with some of racy-stat, inversion, hot-lock
set -euo pipefail
cd "$(dirname "$0")/../../.."

faults=${1:-racy-stat,inversion,hot-lock}
out=${HBTRACE_DEMO_OUT:-target/demo}
bin=${CARGO_TARGET_DIR:-target}/release
mkdir -p "$out"

echo "demo: building"
cargo build --release --quiet --package hbtrace-cli --package hbtrace-service

options=(--listen 127.0.0.1:0 --journal "$out/journal.log")
if [ "$faults" != clean ]; then options+=(--fault "$faults"); fi
rm -f "$out/run.trace" "$out/service.log"
"$bin/hbtrace" record -o "$out/run.trace" -- "$bin/session-service" "${options[@]}" \
    >"$out/service.log" &
service=$!
trap 'kill "$service" 2>/dev/null || true' EXIT

for _ in $(seq 100); do
    url=$(sed -n 's/^listening on /http:\/\//p' "$out/service.log" 2>/dev/null || true)
    if [ -n "$url" ]; then break; fi
    sleep 0.1
done
if [ -z "$url" ]; then echo "demo: the service did not start" >&2; exit 1; fi

"$bin/session-load" "$url" --clients "${HBTRACE_DEMO_CLIENTS:-32}" \
    --requests "${HBTRACE_DEMO_REQUESTS:-250}" --value "${HBTRACE_DEMO_VALUE:-16384}"
wait "$service"
trap - EXIT

status=0
"$bin/hbtrace" analyze "$out/run.trace" -o json="$out/report.json" \
    -o svg="$out/contention.svg" || status=$?
echo "picture: $out/contention.svg"
echo "report:  $out/report.json"
# With faults in, findings (exit code 1) are what the demo is to show.
if [ "$faults" != clean ] && [ "$status" -eq 1 ]; then exit 0; fi
exit "$status"
