//! Atomic pointers.
//!
//! While a process records, a pointer that is written goes through its address
//! and back, with its provenance exposed.

use std::fmt;
use std::panic::Location;
use std::ptr;
use std::sync::atomic::{self as native, Ordering};

use super::native::{Native, is_off};
use super::operations::{modifications, shared_operations};
use super::order::{check_failure, check_load, check_store};
use super::versioned::Recorded;
use super::wide::Wide;

/// Mirror of `std::sync::atomic::AtomicPtr`.
pub struct AtomicPtr<T> {
    inner: Wide<native::AtomicPtr<T>>,
}

impl<T> Native for native::AtomicPtr<T> {
    type Value = *mut T;

    #[inline(always)]
    fn bits(&self, order: Ordering) -> u64 {
        Self::to_bits(self.load(order))
    }

    #[inline(always)]
    fn to_bits(value: *mut T) -> u64 {
        value.expose_provenance() as u64
    }

    #[inline(always)]
    fn from_bits(bits: u64) -> *mut T {
        ptr::with_exposed_provenance_mut(bits as usize)
    }

    fn value_mut(&mut self) -> &mut *mut T {
        self.get_mut()
    }
}

impl<T> AtomicPtr<T> {
    /// A new atomic, created by the caller.
    #[must_use]
    #[track_caller]
    pub const fn new(pointer: *mut T) -> AtomicPtr<T> {
        AtomicPtr {
            inner: Wide::new(native::AtomicPtr::new(pointer)),
        }
    }

    /// The pointer, at the end of the atomic's life. Not recorded.
    #[must_use]
    pub const fn into_inner(self) -> *mut T {
        self.inner.value.into_inner()
    }
}

impl<T> Default for AtomicPtr<T> {
    #[track_caller]
    fn default() -> AtomicPtr<T> {
        AtomicPtr::new(ptr::null_mut())
    }
}

impl<T> fmt::Pointer for AtomicPtr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Pointer::fmt(&self.inner.peek(), f)
    }
}

shared_operations!([T] AtomicPtr<T>, *mut T);

modifications! { [T] AtomicPtr<T>, *mut T, usize,
    /// Moves the pointer up by `count` values of `T`, wrapping around;
    /// returns the one before.
    fetch_ptr_add = |old, count| old.wrapping_add(count);
    /// Moves the pointer down by `count` values of `T`, wrapping around;
    /// returns the one before.
    fetch_ptr_sub = |old, count| old.wrapping_sub(count);
    /// Moves the pointer up by bytes, wrapping around; returns the one before.
    fetch_byte_add = |old, bytes| old.wrapping_byte_add(bytes);
    /// Moves the pointer down by bytes, wrapping around; returns the one
    /// before.
    fetch_byte_sub = |old, bytes| old.wrapping_byte_sub(bytes);
    /// Bitwise or on the address; returns the pointer before.
    fetch_or = |old, bits| old.map_addr(|address| address | bits);
    /// Bitwise and on the address; returns the pointer before.
    fetch_and = |old, bits| old.map_addr(|address| address & bits);
    /// Bitwise exclusive or on the address; returns the pointer before.
    fetch_xor = |old, bits| old.map_addr(|address| address ^ bits);
}
