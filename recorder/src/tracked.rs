//! Plain shared data without `unsafe`.
//!
//! A [`Tracked`] can be read and written by any thread at any time and never
//! breaks, as a lock of its own guards every copy in and out. The recorder
//! does not see that lock: in the trace, [`get`](Tracked::get) is a plain read
//! and [`set`](Tracked::set) a plain write, and two threads that do so without
//! synchronisation *race*. So it shows what a program with a plain variable
//! would do wrong, and a program under test can hold its plain data in it.

use std::fmt;
#[cfg(feature = "record")]
use std::panic::Location as Place;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[cfg(feature = "record")]
use crate::object::Object;

/// A plain shared value, recorded by identity.
///
/// ```
/// use hbtrace_recorder::cell::Tracked;
///
/// static HITS: Tracked<u64> = Tracked::new(0);
/// HITS.update(|hits| hits + 1); // a plain `HITS += 1`: a read and a write
/// assert_eq!(HITS.get(), 1);
/// ```
pub struct Tracked<T> {
    #[cfg(feature = "record")]
    object: Object,
    value: Mutex<T>,
}

impl<T> Tracked<T> {
    /// A new value, created by the caller. Creation is not recorded.
    #[must_use]
    #[track_caller]
    pub const fn new(value: T) -> Tracked<T> {
        Tracked {
            #[cfg(feature = "record")]
            object: Object::new(),
            value: Mutex::new(value),
        }
    }

    /// A copy of the value: a read.
    #[track_caller]
    pub fn get(&self) -> T
    where
        T: Clone,
    {
        self.record(false);
        self.lock().clone()
    }

    /// Replaces the value: a write.
    #[track_caller]
    pub fn set(&self, value: T) {
        self.record(true);
        let old = std::mem::replace(&mut *self.lock(), value);
        // Dropped here, when the lock is free again: it may be anything.
        drop(old);
    }

    /// Replaces the value and returns the old one: a read and a write.
    #[track_caller]
    pub fn replace(&self, value: T) -> T {
        self.record(false);
        self.record(true);
        std::mem::replace(&mut *self.lock(), value)
    }

    /// Replaces the value by what `f` makes of it: a read, then a write, as
    /// `x = f(x)` is. What another thread writes in between is overwritten.
    #[track_caller]
    pub fn update(&self, f: impl FnOnce(T) -> T)
    where
        T: Clone,
    {
        let value = f(self.get());
        self.set(value);
    }

    /// Calls `f` with the value: a read. `f` runs under the value's own lock,
    /// so it should be short and must not come back to this value.
    #[track_caller]
    pub fn inspect<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        self.record(false);
        f(&self.lock())
    }

    /// Calls `f` with the value to change: a write. `f` runs under the value's
    /// own lock, so it should be short and must not come back to this value.
    #[track_caller]
    pub fn modify<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        self.record(true);
        f(&mut self.lock())
    }

    /// The value, for its only owner: a write.
    #[track_caller]
    pub fn get_mut(&mut self) -> &mut T {
        self.record(true);
        self.value.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// The value, at the end of its life. Not recorded.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.value
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, T> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(feature = "record")]
    const LEN: u64 = size_of::<T>() as u64;

    #[cfg(feature = "record")]
    #[track_caller]
    #[inline]
    fn record(&self, write: bool) {
        self.object.access(write, Self::LEN, Place::caller());
    }

    #[cfg(not(feature = "record"))]
    #[inline]
    fn record(&self, _write: bool) {}

    #[cfg(feature = "record")]
    pub(crate) fn set_name(&self, name: &str) {
        self.object.name_cell(Self::LEN, name);
    }
}

impl<T: Default> Default for Tracked<T> {
    #[track_caller]
    fn default() -> Tracked<T> {
        Tracked::new(T::default())
    }
}

impl<T> From<T> for Tracked<T> {
    #[track_caller]
    fn from(value: T) -> Tracked<T> {
        Tracked::new(value)
    }
}

impl<T> fmt::Debug for Tracked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracked").finish_non_exhaustive()
    }
}
