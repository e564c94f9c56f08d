//! Where the recorder's own machinery takes its atomics and locks from.
//!
//! One place, so that a model checker can stand in for `std` (with `--cfg
//! loom`, see `models`), and so that nobody uses a mirror by accident: what the
//! recorder does for itself is never recorded.

use std::ops::Deref;
use std::sync::PoisonError;

pub(crate) use std::sync::OnceLock;
pub(crate) use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, Ordering, compiler_fence};
#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, AtomicUsize, fence};
/// What no `static` holds, so that loom's own can stand for it.
#[cfg(not(loom))]
pub(crate) use std::sync::{Arc, atomic::AtomicPtr as Link};
#[cfg(not(any(loom, hbtrace_tsan)))]
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};

#[cfg(hbtrace_tsan)]
pub(crate) use crate::models::annotated::{Condvar, Mutex, MutexGuard};

#[cfg(loom)]
pub(crate) use loom::{
    cell::UnsafeCell as Place,
    sync::{Arc, atomic::AtomicPtr as Link},
};

#[cfg(loom)]
pub(crate) use crate::models::checked::{
    AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Condvar, Mutex, MutexGuard, fence, wait, wake,
    wake_all,
};
#[cfg(not(loom))]
pub(crate) use futex::{wait, wake, wake_all};

/// Locks one of the recorder's own locks. Nothing panics while it holds one,
/// but a service may be unwinding, so poison is ignored.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A place that one thread at a time uses, in the shape of loom's, which checks
/// that.
#[cfg(not(loom))]
pub(crate) struct Place<T>(std::cell::UnsafeCell<T>);

#[cfg(not(loom))]
impl<T> Place<T> {
    pub(crate) const fn new(value: T) -> Place<T> {
        Place(std::cell::UnsafeCell::new(value))
    }

    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, then: impl FnOnce(*mut T) -> R) -> R {
        then(self.0.get())
    }
}

/// A word in a cache line of its own.
#[repr(align(64))]
pub(crate) struct Apart<T>(pub(crate) T);

impl<T> Deref for Apart<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.0
    }
}

/// Lets others go on, the longer the more often it was called.
#[derive(Default)]
pub(crate) struct Backoff(u32);

impl Backoff {
    /// Calls that only spin, each twice as long as the one before.
    const SPINS: u32 = 6;

    pub(crate) fn pause(&mut self) {
        #[cfg(loom)]
        loom::thread::yield_now();
        if self.0 < Backoff::SPINS {
            (0..1 << self.0).for_each(|_| std::hint::spin_loop());
            self.0 += 1;
        } else if cfg!(not(loom)) {
            std::thread::yield_now();
        }
    }
}

/// Waiting for a word, as the kernel offers it.
#[cfg(not(loom))]
mod futex {
    #![allow(unsafe_code)] // System calls.

    use std::ptr;
    use std::time::Duration;

    use super::AtomicU32;

    /// Sleeps while `word` is `value`, until somebody wakes it or `most` is
    /// over. It may return early.
    pub(crate) fn wait(word: &AtomicU32, value: u32, most: Option<Duration>) {
        let most = most.map(|most| libc::timespec {
            tv_sec: most.as_secs() as libc::time_t,
            tv_nsec: most.subsec_nanos().into(),
        });
        let most = most.as_ref().map_or(ptr::null(), ptr::from_ref);
        // SAFETY: a word and a time that outlive the call.
        unsafe {
            libc::syscall(
                libc::SYS_futex,
                word.as_ptr(),
                libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
                value,
                most,
            )
        };
    }

    /// Wakes one who waits for `word`.
    pub(crate) fn wake(word: &AtomicU32) {
        wake_some(word, 1);
    }

    /// Wakes all who wait for `word`.
    pub(crate) fn wake_all(word: &AtomicU32) {
        wake_some(word, i32::MAX);
    }

    fn wake_some(word: &AtomicU32, most: i32) {
        // SAFETY: a word that outlives the call.
        unsafe {
            libc::syscall(
                libc::SYS_futex,
                word.as_ptr(),
                libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG,
                most,
            )
        };
    }
}
