//! Where the recorder's own machinery takes its atomics and locks from.
//!
//! One place, so that a model checker can stand in for `std` some day, and so
//! that nobody uses a mirror by accident: what the recorder does for itself is
//! never recorded.

use std::sync::PoisonError;

pub(crate) use std::sync::atomic::{
    AtomicBool, AtomicI32, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering,
    compiler_fence, fence,
};
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard, OnceLock};

/// Locks one of the recorder's own locks. Nothing panics while it holds one,
/// but a service may be unwinding, so poison is ignored.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
