//! Mirror of [`std::sync::OnceLock`].
//!
//! The value lies in a `OnceLock` of std's; who may fill it, and who has seen
//! it filled, is the matter of the [`Gate`] beside it.

use std::fmt;
use std::panic::Location;
use std::sync as std_sync;

use super::once::Gate;

/// A cell that is written once and records it; see [`std::sync::OnceLock`].
pub struct OnceLock<T> {
    gate: Gate,
    inner: std_sync::OnceLock<T>,
}

impl<T> OnceLock<T> {
    /// As [`std::sync::OnceLock::new`].
    #[must_use]
    #[track_caller]
    pub const fn new() -> OnceLock<T> {
        OnceLock {
            gate: Gate::new(),
            inner: std_sync::OnceLock::new(),
        }
    }

    /// As [`std::sync::OnceLock::get`].
    #[track_caller]
    #[inline]
    pub fn get(&self) -> Option<&T> {
        // The value is there a moment before the gate is complete: ask the gate.
        self.gate
            .is_complete(Location::caller())
            .then(|| self.inner.get())?
    }

    /// As [`std::sync::OnceLock::get_mut`].
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.inner.get_mut()
    }

    /// As [`std::sync::OnceLock::wait`].
    #[track_caller]
    pub fn wait(&self) -> &T {
        self.gate.wait(Location::caller(), true);
        self.inner.get().expect("a complete gate has a value")
    }

    /// As [`std::sync::OnceLock::set`].
    ///
    /// # Errors
    /// With the value, if the cell has one already.
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        self.initialise(Location::caller(), || value.take().expect("taken once"));
        value.map_or(Ok(()), Err)
    }

    /// As [`std::sync::OnceLock::get_or_init`].
    #[track_caller]
    #[inline]
    pub fn get_or_init<F: FnOnce() -> T>(&self, f: F) -> &T {
        self.initialise(Location::caller(), f);
        self.inner.get().expect("a complete gate has a value")
    }

    /// As [`std::sync::OnceLock::into_inner`].
    pub fn into_inner(self) -> Option<T> {
        self.inner.into_inner()
    }

    /// As [`std::sync::OnceLock::take`].
    pub fn take(&mut self) -> Option<T> {
        self.gate.reset();
        self.inner.take()
    }

    #[inline]
    fn initialise(&self, site: &'static Location<'static>, f: impl FnOnce() -> T) {
        self.gate.call(site, true, |_| {
            let is_new = self.inner.set(f()).is_ok();
            debug_assert!(is_new, "the gate lets one initialiser through");
        });
    }

    pub(crate) fn set_name(&self, name: &str) {
        self.gate.set_name(name);
    }
}

impl<T> Default for OnceLock<T> {
    #[track_caller]
    fn default() -> OnceLock<T> {
        OnceLock::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_tuple("OnceLock");
        match self.get() {
            Some(value) => out.field(value),
            None => out.field(&format_args!("<uninit>")),
        };
        out.finish()
    }
}

impl<T: Clone> Clone for OnceLock<T> {
    #[track_caller]
    fn clone(&self) -> OnceLock<T> {
        self.get()
            .map_or_else(OnceLock::new, |value| OnceLock::from(value.clone()))
    }
}

impl<T> From<T> for OnceLock<T> {
    #[track_caller]
    fn from(value: T) -> OnceLock<T> {
        let cell = OnceLock::new();
        let is_new = cell.set(value).is_ok();
        debug_assert!(is_new, "the cell is new");
        cell
    }
}

impl<T: PartialEq> PartialEq for OnceLock<T> {
    fn eq(&self, other: &OnceLock<T>) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceLock<T> {}
