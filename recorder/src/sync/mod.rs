//! Mirrors of `std::sync`: the same names, signatures and meaning.
//!
//! Adopting one is changing a `use` line. Each mirror says in its own file how
//! what it does is numbered, so that the trace holds its exact order.
//!
//! # What stays std's
//!
//! [`Arc`] and [`Weak`] are std's own: a type of ours could not coerce to
//! `Arc<dyn Trait>` on stable Rust. So the trace does not hold the edge from
//! each decrement of a count to the drop of the value. Accesses that the
//! value's destructor makes through recorded cells may therefore be reported
//! as racing with accesses that other owners made before they let go of
//! theirs. Where that matters, tell it: release a token before dropping a
//! reference, acquire it in the destructor. Mutexes, channels and the other
//! mirrors inside an `Arc` are not touched by this: they bring their own edges.
//!
//! Guards and results (`MutexGuard`, `OnceState`, `WaitTimeoutResult` and so on)
//! are the mirror's own, as the mutexes are that they come from.
//! Error types, [`LockResult`], [`TryLockResult`] and [`PoisonError`] are
//! std's, so errors convert and match as ever.
//!
//! # What std has and this module has not
//!
//! All that is not stable: `nonpoison`, `mpmc`, `oneshot`, `ReentrantLock`,
//! `Exclusive`, mapped guards, `{get_cloned, set, replace, data_ptr}` of locks,
//! `OnceLock::{get_mut_or_init, get_or_try_init, try_insert}`,
//! `LazyLock::into_inner`, `recv_deadline` and `send_timeout` of channels.

pub mod atomic;
mod barrier;
mod condvar;
mod hold;
mod lazy_lock;
pub mod mpsc;
mod mutex;
mod once;
mod once_lock;
mod poison;
mod rwlock;
mod seen;

pub use std::sync::{Arc, LockResult, PoisonError, TryLockError, TryLockResult, Weak};

pub use barrier::{Barrier, BarrierWaitResult};
pub use condvar::{Condvar, WaitTimeoutResult};
pub use lazy_lock::LazyLock;
pub use mutex::{Mutex, MutexGuard};
#[allow(deprecated, reason = "mirrored as it is")]
pub use once::ONCE_INIT;
pub use once::{Once, OnceState};
pub use once_lock::OnceLock;
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
