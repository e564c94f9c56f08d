//! What recording costs, measured side by side.
//!
//! Five benches, each a program of its own that prints Markdown tables:
//!
//! | bench | measures |
//! | --- | --- |
//! | `instructions` | instructions per operation (callgrind), against a budget; the hot path's listing |
//! | `operations` | time per operation, of std, off and recorded |
//! | `peers` | other recorders beside |
//! | `service` | CPU per request and latencies of the example service |
//! | `sustained` | gigabytes of accesses into a file, and bytes per access |
//!
//! `cargo bench -p hbtrace-bench --features peers --no-fail-fast` runs them all;
//! `--bench NAME` one of them. What follows `--` names rows, or sets how long
//! it takes (`-- --help`).
//!
//! Adding an operation: a function in `operations` (one thread) or `contended`
//! (two), a row in [`rows`], and a budget in [`budget`].
//!
//! # Why a harness of our own
//!
//! A process records or it doesn't, from its first mirror to its end. So the
//! sides of a comparison are processes, and since a shared machine drifts by
//! far more than what is measured, they have to take turns within
//! milliseconds. Criterion and divan measure one function after the other;
//! tango pairs two builds of one function within one process. Here the parent
//! keeps one child per side and asks each in turn for a short round
//! ([`child`]); a round of one side is compared with the round of the other
//! that ran beside it, and the median of these pairs is told with its 95 %
//! interval ([`statistics`]). Each row is measured over several starts of its
//! children, so that luck with addresses is averaged too.

pub mod arguments;
pub mod budget;
pub mod callgrind;
pub mod child;
pub mod flavour;
pub mod machine;
mod mirrors;
mod native;
pub mod opaque;
pub mod operation;
pub mod peers;
pub mod processor;
pub mod rounds;
pub mod rows;
pub mod service;
mod sort;
pub mod statistics;
pub mod store;
pub mod sustained;
pub mod told;
pub mod trace;
pub mod variables;
pub mod variant;
