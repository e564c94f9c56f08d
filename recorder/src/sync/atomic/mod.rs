//! Mirror of `std::sync::atomic`.
//!
//! Every operation is recorded with its memory ordering as written, and with
//! the *version* it wrote or read: writes of an atomic are numbered from 1,
//! its first value is version 0. Value and version move together (see
//! `versioned.rs`), so which store a load read from is known and not guessed.
//!
//! # How it differs from std
//!
//! - An atomic is 32 bytes, aligned to 32, whatever its value's size: the value
//!   with its version, and its identity.
//! - It is lock-free as std's is. While a process records, what is one
//!   instruction in std is a loop of compare-exchanges, but for loads and, up to
//!   four bytes, `fetch_add` and `fetch_sub`. A machine without 16-byte
//!   compare-exchange (x86-64 before 2006) can't be recorded.
//! - A load that only repeats the thread's event before it (the same atomic,
//!   version, ordering and place) changes no order and no verdict, and is left
//!   out: who waits in a loop for a flag does not fill the file.
//! - [`get_mut`](AtomicU64::get_mut) is recorded as a plain write, as the
//!   caller has the value to itself. Creation, `into_inner` and printing with
//!   `{:?}` are not recorded.
//!
//! # Left out
//!
//! - `as_ptr`, `from_ptr`: what goes through the raw pointer can't bear a
//!   version.
//! - `compare_and_swap`, `spin_loop_hint`, `ATOMIC_BOOL_INIT` and its like:
//!   deprecated.

pub use std::sync::atomic::{Ordering, compiler_fence};

pub use boolean::AtomicBool;
pub use fence::fence;
pub use integer::{
    AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicU8, AtomicU16, AtomicU32,
    AtomicU64, AtomicUsize,
};
pub use pointer::AtomicPtr;

pub(crate) use pair::supported;

mod boolean;
mod fence;
mod integer;
mod narrow;
mod native;
mod operations;
mod order;
mod pair;
mod pointer;
mod versioned;
mod wide;
