//! Mirror of `std::sync::atomic`.
//!
//! Every operation is recorded with its memory ordering as written, and with
//! the *version* it wrote or read: writes of an atomic are numbered from 1,
//! its first value is version 0. Value and version move together (see
//! `versioned.rs`), so which store a load read from is known and not guessed.
//!
//! # How it differs from std
//!
//! - An atomic is 48 bytes, aligned to 16, whatever its value's size: the value
//!   with its version, room for `get_mut`, and its identity.
//! - It is lock-free where the machine has 16-byte compare-exchange (every
//!   x86-64 since 2006 and every AArch64); a store is such an exchange.
//! - [`get_mut`](AtomicU64::get_mut) is recorded as a plain write, as the
//!   caller has the value to itself. Creation, `into_inner` and printing with
//!   `{:?}` are not recorded.
//!
//! # Left out
//!
//! - `as_ptr`, `from_ptr`: what goes through the raw pointer can't bear a
//!   version.
//! - [`AtomicPtr::into_inner`] is not `const`.
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

mod boolean;
mod fence;
mod integer;
mod operations;
mod order;
mod pointer;
mod versioned;
