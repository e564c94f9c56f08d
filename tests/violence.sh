#!/usr/bin/env bash
# The long form of tests/tests/violence: prints the table of recorder/VIOLENCE.md.
# HBTRACE_VIOLENCE is how often a process is killed, HBTRACE_SOAK the seconds of
# the soak, HBTRACE_SEED fixes the moments; arguments pick tests by name.
# Some rows need root (mounts, control groups); they say so where it is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
export HBTRACE_VIOLENCE="${HBTRACE_VIOLENCE:-1000}" HBTRACE_SOAK="${HBTRACE_SOAK:-1800}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
printf '| what | times | done | lost | notes |\n| --- | ---: | --- | --- | --- |\n'
cargo build --release --quiet --package hbtrace-tests --examples
failed=0
cargo test --release --quiet --package hbtrace-tests --test violence -- \
    --nocapture --test-threads=1 "$@" >"$log" 2>&1 || failed=$?
# The names of tests may stand before what they print.
grep -o '^.*| .* |$' "$log" | sed 's/^[^|]*//' || true
if [ "$failed" -ne 0 ]; then
    grep -v '^| ' "$log" >&2
fi
exit "$failed"
