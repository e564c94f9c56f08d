//! Mirror of `std::cell`, and safe shared data.
//!
//! `Cell`, `RefCell` and `OnceCell` can't be shared between threads, so they
//! are std's own. [`UnsafeCell`] is where threads meet: whoever goes through
//! [`With::with`] or [`With::with_mut`] (loom's names) is recorded as reading
//! or writing it. [`Tracked`] is plain shared data without any `unsafe`.
//!
//! A cell is known by identity and not by address, so what is done to one is
//! never mistaken for what is done to another that later lies in the same
//! memory. Its creation and [`UnsafeCell::into_inner`] are not recorded, as
//! only one thread has it then.
//!
//! Left out of `UnsafeCell`: `from_mut` and `raw_get` (a reference to the bare
//! value is not a recorded cell), and coercion to unsized cells.

pub use std::cell::{BorrowError, BorrowMutError, Cell, LazyCell, OnceCell, Ref, RefCell, RefMut};

pub use crate::tracked::Tracked;

#[cfg(not(feature = "record"))]
pub use std::cell::UnsafeCell;

#[cfg(feature = "record")]
pub use recorded::UnsafeCell;

/// Access to a cell that says whether it reads or writes.
///
/// A call is one access of the whole value, recorded where it begins. What
/// synchronises with other threads belongs outside of it.
///
/// ```
/// use hbtrace_recorder::cell::{UnsafeCell, With};
///
/// let cell = UnsafeCell::new(1);
/// // SAFETY: no other reference to the value exists here.
/// cell.with_mut(|value| unsafe { *value += 1 });
/// assert_eq!(cell.into_inner(), 2);
/// ```
pub trait With {
    /// What is in the cell.
    type Value: ?Sized;

    /// Calls `f` with a pointer to read through. Recorded as a read.
    #[track_caller]
    fn with<R>(&self, f: impl FnOnce(*const Self::Value) -> R) -> R;

    /// Calls `f` with a pointer to write through. Recorded as a write.
    #[track_caller]
    fn with_mut<R>(&self, f: impl FnOnce(*mut Self::Value) -> R) -> R;
}

#[cfg(not(feature = "record"))]
impl<T: ?Sized> With for UnsafeCell<T> {
    type Value = T;

    #[inline]
    fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.get())
    }

    #[inline]
    fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.get())
    }
}

#[cfg(feature = "record")]
mod recorded {
    use std::fmt;
    use std::panic::Location as Place;

    use super::With;
    use crate::object::Object;

    /// Mirror of `std::cell::UnsafeCell`.
    pub struct UnsafeCell<T: ?Sized> {
        object: Object,
        inner: std::cell::UnsafeCell<T>,
    }

    impl<T> UnsafeCell<T> {
        /// A new cell, created by the caller.
        #[must_use]
        #[track_caller]
        pub const fn new(value: T) -> UnsafeCell<T> {
            UnsafeCell {
                object: Object::new(),
                inner: std::cell::UnsafeCell::new(value),
            }
        }

        /// The value, at the end of the cell's life. Not recorded.
        #[must_use]
        pub fn into_inner(self) -> T {
            self.inner.into_inner()
        }
    }

    impl<T: ?Sized> UnsafeCell<T> {
        /// A pointer to the value. Not recorded, as nobody knows what will be
        /// done with it: prefer [`With::with`] and [`With::with_mut`], or tell
        /// with [`read`](crate::read) and [`write`](crate::write).
        pub const fn get(&self) -> *mut T {
            self.inner.get()
        }

        /// The value, for its only owner. Recorded as a write.
        #[track_caller]
        pub fn get_mut(&mut self) -> &mut T {
            self.record(true, Place::caller());
            self.inner.get_mut()
        }

        fn record(&self, write: bool, site: &'static Place<'static>) {
            self.object.access(write, self.size(), site);
        }

        fn size(&self) -> u64 {
            size_of_val(&self.inner) as u64
        }

        pub(crate) fn set_name(&self, name: &str) {
            self.object.name_cell(self.size(), name);
        }
    }

    impl<T: ?Sized> With for UnsafeCell<T> {
        type Value = T;

        #[track_caller]
        #[inline]
        fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            self.record(false, Place::caller());
            f(self.inner.get())
        }

        #[track_caller]
        #[inline]
        fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            self.record(true, Place::caller());
            f(self.inner.get())
        }
    }

    impl<T: Default> Default for UnsafeCell<T> {
        #[track_caller]
        fn default() -> UnsafeCell<T> {
            UnsafeCell::new(T::default())
        }
    }

    impl<T> From<T> for UnsafeCell<T> {
        #[track_caller]
        fn from(value: T) -> UnsafeCell<T> {
            UnsafeCell::new(value)
        }
    }

    impl<T: ?Sized> fmt::Debug for UnsafeCell<T> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("UnsafeCell").finish_non_exhaustive()
        }
    }
}
