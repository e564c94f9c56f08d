//! Mirrors of `std::thread`: the same names, signatures and meaning.
//!
//! Spawning, joining, parking and scopes record what they order; sleeping
//! records that the thread is outside. A thread that was not created through
//! this module appears in the trace when it first does something recorded, and
//! is marked as foreign: findings that rest on it say so.
//!
//! # What std has and this module has not
//!
//! `sleep_ms` and `park_timeout_ms` (deprecated: `sleep` and `park_timeout` do
//! the same), `Builder::spawn_unchecked`, `JoinHandleExt` and the handles'
//! conversions to those of the platform, and all that is not stable.
//! `thread_local!` is used from std's root, as ever. A [`Thread`] of this module
//! parks and unparks threads of this module; waking one through a
//! `std::thread::Thread` is seen by it as a spurious return, which orders
//! nothing in the trace.

mod child;
mod handle;
mod join;
mod parking;
mod scope;
mod spawn;

use std::time::Duration;

pub use std::thread::{
    AccessError, LocalKey, Result, ThreadId, available_parallelism, panicking, yield_now,
};

pub use handle::{Thread, current, park, park_timeout};
pub use join::JoinHandle;
pub use scope::{Scope, ScopedJoinHandle, scope};
pub use spawn::{Builder, spawn};

/// As [`std::thread::sleep`]: the thread is outside meanwhile.
#[track_caller]
pub fn sleep(dur: Duration) {
    let _outside = crate::tell::outside("sleep");
    std::thread::sleep(dur);
}
