//! Mirror of [`std::sync::Mutex`].
//!
//! How its holds are numbered and recorded is told in [`hold`](super::hold).

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::{self as std_sync, LockResult, TryLockError, TryLockResult};

use hbtrace_traces::object::ObjectKind;

use super::hold::{Exclusive, Head};

/// A mutex that records its holds; see [`std::sync::Mutex`].
pub struct Mutex<T: ?Sized> {
    head: Head,
    inner: std_sync::Mutex<T>,
}

/// Access to a locked value; see [`std::sync::MutexGuard`].
#[must_use = "if unused the Mutex will immediately unlock"]
#[clippy::has_significant_drop]
pub struct MutexGuard<'a, T: ?Sized> {
    // Dropped first: records the release while the lock is still held.
    hold: Exclusive<'a>,
    inner: std_sync::MutexGuard<'a, T>,
}

impl<T> Mutex<T> {
    /// As [`std::sync::Mutex::new`].
    #[track_caller]
    pub const fn new(value: T) -> Mutex<T> {
        Mutex {
            head: Head::new(ObjectKind::Mutex),
            inner: std_sync::Mutex::new(value),
        }
    }

    /// As [`std::sync::Mutex::into_inner`].
    ///
    /// # Errors
    /// If a thread panicked while it held the lock.
    pub fn into_inner(self) -> LockResult<T> {
        self.inner.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// As [`std::sync::Mutex::lock`].
    ///
    /// # Errors
    /// If a thread panicked while it held the lock.
    #[inline]
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        self.head.take(
            Location::caller(),
            || self.inner.try_lock(),
            || self.inner.lock(),
            |inner, hold| MutexGuard { hold, inner },
        )
    }

    /// As [`std::sync::Mutex::try_lock`].
    ///
    /// # Errors
    /// If it would block, or if a thread panicked while it held the lock.
    #[inline]
    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        let site = Location::caller();
        self.head
            .try_take(site, self.inner.try_lock(), |inner, hold| MutexGuard {
                hold,
                inner,
            })
    }

    /// As [`std::sync::Mutex::is_poisoned`].
    pub fn is_poisoned(&self) -> bool {
        self.inner.is_poisoned()
    }

    /// As [`std::sync::Mutex::clear_poison`].
    pub fn clear_poison(&self) {
        self.inner.clear_poison();
    }

    /// As [`std::sync::Mutex::get_mut`].
    ///
    /// # Errors
    /// If a thread panicked while it held the lock.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.inner.get_mut()
    }

    pub(crate) fn set_name(&self, name: &str) {
        self.head.set_name(name);
    }
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// Takes it apart, for a condition variable; nothing is recorded.
    pub(super) fn into_parts(self) -> (Exclusive<'a>, std_sync::MutexGuard<'a, T>) {
        (self.hold, self.inner)
    }

    /// Puts together what [`into_parts`](MutexGuard::into_parts) took apart.
    pub(super) fn from_parts(
        hold: Exclusive<'a>,
        inner: std_sync::MutexGuard<'a, T>,
    ) -> MutexGuard<'a, T> {
        MutexGuard { hold, inner }
    }
}

impl<T: Default> Default for Mutex<T> {
    #[track_caller]
    fn default() -> Mutex<T> {
        Mutex::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    #[track_caller]
    fn from(value: T) -> Mutex<T> {
        Mutex::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    /// Reads the value as [`try_lock`](Mutex::try_lock) does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Mutex");
        match self.try_lock() {
            Ok(guard) => out.field("data", &&*guard),
            Err(TryLockError::Poisoned(poisoned)) => out.field("data", &&**poisoned.get_ref()),
            Err(TryLockError::WouldBlock) => out.field("data", &"<locked>"),
        };
        out.field("poisoned", &self.is_poisoned());
        out.finish_non_exhaustive()
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
