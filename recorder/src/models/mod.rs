//! Models of the recorder's lock-free pieces, for the checker [`loom`]. It runs
//! each model in every order that the memory model allows its threads, up to a
//! bound of preemptions, with every value that a load may see.
//!
//! ```text
//! LOOM_MAX_PREEMPTIONS=2 RUSTFLAGS="--cfg loom" \
//!     cargo test -p hbtrace-recorder --features record --release --lib models
//! ```
//!
//! `recorder/MODELS.md` lists them, what each states, and which mutations of
//! the code each has been seen to find.
//!
//! # What stands for what
//!
//! The code under test is the recorder's own, but for two things: `primitive`
//! gives it loom's atomics and locks ([`checked`]), and [`writer`] takes what
//! is recorded into a [list](log) instead of a mapped file.

#[cfg(hbtrace_tsan)]
pub(crate) mod annotated;
#[cfg(loom)]
pub(crate) mod checked;
#[cfg(loom)]
pub(crate) mod log;
#[cfg(loom)]
pub(crate) mod writer;
