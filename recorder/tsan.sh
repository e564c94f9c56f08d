#!/usr/bin/env bash
# ThreadSanitizer over the recorder itself: its own tests, built with the
# nightly toolchain's sanitizer. Says so and passes where there is no nightly.
# What is suppressed, and why, stands in tsan.supp.
set -euo pipefail
cd "$(dirname "$0")"
target=x86_64-unknown-linux-gnu
if ! rustc +nightly --version >/dev/null 2>&1; then
    echo "skipped: no nightly toolchain is installed"
    exit 0
fi
# The prebuilt std is not instrumented (the flag that allows it is named after
# that); the recorder's own locks are told to the sanitizer instead.
export RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer --cfg hbtrace_tsan"
export TSAN_OPTIONS="suppressions=$PWD/tsan.supp halt_on_error=0 exitcode=66 history_size=4"
failed=0
for part in "--lib space::" "--lib writer::" "--test atomics" "--test labels" "--test signals"; do
    echo "== $part"
    read -r kind name <<<"$part"
    case $kind in
    --lib) cargo +nightly test --quiet --features record --target $target --lib "$name" ;;
    *) cargo +nightly test --quiet --features record --target $target --test "$name" ;;
    esac || failed=1
done
exit $failed
