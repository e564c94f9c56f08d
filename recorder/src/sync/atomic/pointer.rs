//! Atomic pointers.
//!
//! A pointer that goes through the 16-byte atomic is turned into its address
//! and back, with its provenance exposed; one that stands in the slot stays a
//! pointer. The slot is a std atomic only because a plain pointer is not
//! `Sync`; nothing is ever stored to it but through `&mut`.

use std::fmt;
use std::ptr;
use std::sync::atomic::{AtomicPtr as PointerSlot, Ordering};

use super::operations::shared_operations;
use super::versioned::{Slot, Versioned};

/// Mirror of `std::sync::atomic::AtomicPtr`.
pub struct AtomicPtr<T> {
    inner: Versioned<PointerSlot<T>>,
}

impl<T> Slot for PointerSlot<T> {
    type Value = *mut T;

    fn value(&self) -> *mut T {
        // Relaxed: it changes only through `&mut`, so there is no concurrent
        // store to be ordered with.
        self.load(Ordering::Relaxed)
    }

    fn place(&mut self) -> &mut *mut T {
        self.get_mut()
    }

    fn to_bits(value: *mut T) -> u64 {
        value.expose_provenance() as u64
    }

    fn from_bits(bits: u64) -> *mut T {
        ptr::with_exposed_provenance_mut(bits as usize)
    }
}

impl<T> AtomicPtr<T> {
    /// A new atomic, created by the caller.
    #[must_use]
    #[track_caller]
    pub const fn new(pointer: *mut T) -> AtomicPtr<T> {
        AtomicPtr {
            inner: Versioned::new(PointerSlot::new(pointer)),
        }
    }

    /// The pointer, at the end of the atomic's life. Not recorded.
    #[must_use]
    pub fn into_inner(self) -> *mut T {
        self.inner.peek()
    }

    /// Moves the pointer up by `count` values of `T`, wrapping around;
    /// returns the one before.
    #[track_caller]
    pub fn fetch_ptr_add(&self, count: usize, order: Ordering) -> *mut T {
        self.inner.modify(order, |old| old.wrapping_add(count))
    }

    /// Moves the pointer down by `count` values of `T`, wrapping around;
    /// returns the one before.
    #[track_caller]
    pub fn fetch_ptr_sub(&self, count: usize, order: Ordering) -> *mut T {
        self.inner.modify(order, |old| old.wrapping_sub(count))
    }

    /// Moves the pointer up by bytes, wrapping around; returns the one before.
    #[track_caller]
    pub fn fetch_byte_add(&self, bytes: usize, order: Ordering) -> *mut T {
        self.inner.modify(order, |old| old.wrapping_byte_add(bytes))
    }

    /// Moves the pointer down by bytes, wrapping around; returns the one
    /// before.
    #[track_caller]
    pub fn fetch_byte_sub(&self, bytes: usize, order: Ordering) -> *mut T {
        self.inner.modify(order, |old| old.wrapping_byte_sub(bytes))
    }

    /// Bitwise or on the address; returns the pointer before.
    #[track_caller]
    pub fn fetch_or(&self, bits: usize, order: Ordering) -> *mut T {
        self.inner
            .modify(order, |old| old.map_addr(|address| address | bits))
    }

    /// Bitwise and on the address; returns the pointer before.
    #[track_caller]
    pub fn fetch_and(&self, bits: usize, order: Ordering) -> *mut T {
        self.inner
            .modify(order, |old| old.map_addr(|address| address & bits))
    }

    /// Bitwise exclusive or on the address; returns the pointer before.
    #[track_caller]
    pub fn fetch_xor(&self, bits: usize, order: Ordering) -> *mut T {
        self.inner
            .modify(order, |old| old.map_addr(|address| address ^ bits))
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
