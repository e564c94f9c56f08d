//! Mirror of [`std::sync::RwLock`].
//!
//! How its holds are numbered and recorded is told in [`hold`](super::hold).

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::{self as std_sync, LockResult, TryLockError, TryLockResult};

use hbtrace_traces::object::ObjectKind;

use super::hold::{Exclusive, Head, Shared};

/// A readers-writer lock that records its holds; see [`std::sync::RwLock`].
pub struct RwLock<T: ?Sized> {
    head: Head,
    inner: std_sync::RwLock<T>,
}

/// Shared access to a locked value; see [`std::sync::RwLockReadGuard`].
#[must_use = "if unused the RwLock will immediately unlock"]
#[clippy::has_significant_drop]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    // Dropped first: records the release while the lock is still held.
    _hold: Shared<'a>,
    inner: std_sync::RwLockReadGuard<'a, T>,
}

/// Exclusive access to a locked value; see [`std::sync::RwLockWriteGuard`].
#[must_use = "if unused the RwLock will immediately unlock"]
#[clippy::has_significant_drop]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    // Dropped first: records the release while the lock is still held.
    hold: Exclusive<'a>,
    inner: std_sync::RwLockWriteGuard<'a, T>,
}

impl<T> RwLock<T> {
    /// As [`std::sync::RwLock::new`].
    #[track_caller]
    pub const fn new(value: T) -> RwLock<T> {
        RwLock {
            head: Head::new(ObjectKind::RwLock),
            inner: std_sync::RwLock::new(value),
        }
    }

    /// As [`std::sync::RwLock::into_inner`].
    ///
    /// # Errors
    /// If a thread panicked while it held the lock exclusively.
    pub fn into_inner(self) -> LockResult<T> {
        self.inner.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// As [`std::sync::RwLock::read`].
    ///
    /// # Errors
    /// If a thread panicked while it held the lock exclusively.
    #[inline]
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        self.head.take(
            Location::caller(),
            || self.inner.try_read(),
            || self.inner.read(),
            |inner, hold| RwLockReadGuard { _hold: hold, inner },
        )
    }

    /// As [`std::sync::RwLock::try_read`].
    ///
    /// # Errors
    /// If it would block, or if a thread panicked while it held the lock
    /// exclusively.
    #[inline]
    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        let site = Location::caller();
        let result = self.inner.try_read();
        let wrap = |inner, hold| RwLockReadGuard { _hold: hold, inner };
        self.head.try_take(site, result, wrap)
    }

    /// As [`std::sync::RwLock::write`].
    ///
    /// # Errors
    /// If a thread panicked while it held the lock exclusively.
    #[inline]
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        self.head.take(
            Location::caller(),
            || self.inner.try_write(),
            || self.inner.write(),
            |inner, hold| RwLockWriteGuard { hold, inner },
        )
    }

    /// As [`std::sync::RwLock::try_write`].
    ///
    /// # Errors
    /// If it would block, or if a thread panicked while it held the lock
    /// exclusively.
    #[inline]
    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        let site = Location::caller();
        let result = self.inner.try_write();
        let wrap = |inner, hold| RwLockWriteGuard { hold, inner };
        self.head.try_take(site, result, wrap)
    }

    /// As [`std::sync::RwLock::is_poisoned`].
    pub fn is_poisoned(&self) -> bool {
        self.inner.is_poisoned()
    }

    /// As [`std::sync::RwLock::clear_poison`].
    pub fn clear_poison(&self) {
        self.inner.clear_poison();
    }

    /// As [`std::sync::RwLock::get_mut`].
    ///
    /// # Errors
    /// If a thread panicked while it held the lock exclusively.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.inner.get_mut()
    }

    pub(crate) fn set_name(&self, name: &str) {
        self.head.set_name(name);
    }
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// As [`std::sync::RwLockWriteGuard::downgrade`].
    pub fn downgrade(s: RwLockWriteGuard<'a, T>) -> RwLockReadGuard<'a, T> {
        let RwLockWriteGuard { hold, inner } = s;
        RwLockReadGuard {
            _hold: hold.downgrade(),
            inner: std_sync::RwLockWriteGuard::downgrade(inner),
        }
    }
}

impl<T: Default> Default for RwLock<T> {
    #[track_caller]
    fn default() -> RwLock<T> {
        RwLock::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    #[track_caller]
    fn from(value: T) -> RwLock<T> {
        RwLock::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    /// Reads the value as [`try_read`](RwLock::try_read) does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("RwLock");
        match self.try_read() {
            Ok(guard) => out.field("data", &&*guard),
            Err(TryLockError::Poisoned(poisoned)) => out.field("data", &&**poisoned.get_ref()),
            Err(TryLockError::WouldBlock) => out.field("data", &format_args!("<locked>")),
        };
        out.field("poisoned", &self.is_poisoned());
        out.finish_non_exhaustive()
    }
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
