#!/usr/bin/env bash
# Miri over what of the recorder can run there: no mapped file, no system calls
# of its own, no inline assembly. Says so and passes where Miri is not installed.
set -euo pipefail
cd "$(dirname "$0")"
if ! cargo +nightly miri --version >/dev/null 2>&1; then
    echo "skipped: Miri is not installed (rustup +nightly component add miri)"
    exit 0
fi
# The tests below make threads and temporary values, but no file.
export MIRIFLAGS="-Zmiri-many-seeds=0..8"
for part in space::stock space::pace sync::seen sync::atomic site; do
    echo "== $part"
    cargo +nightly miri test --quiet --features record --lib "$part"
done
