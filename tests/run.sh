#!/usr/bin/env bash
# Runs every test of the project. Needs a Rust toolchain and a C compiler.
set -euo pipefail
cd "$(dirname "$0")/.."

# With the recorder switched on (the workspace's own programs switch it on).
cargo test --workspace --quiet
# With it off: the mirrors are std's own types.
cargo test --package hbtrace-recorder --quiet
cargo test --package hbtrace-service --no-default-features --no-run --quiet
