//! Atomic truth values.

use std::fmt;
use std::sync::atomic::Ordering;

use super::operations::{modifications, shared_operations};
use super::versioned::{Last, Slot, Versioned};

/// Mirror of `std::sync::atomic::AtomicBool`.
pub struct AtomicBool {
    inner: Versioned<bool>,
}

impl Slot for bool {
    type Value = bool;

    fn value(&self) -> bool {
        *self
    }

    fn place(&mut self) -> &mut bool {
        self
    }

    fn to_bits(value: bool) -> u64 {
        u64::from(value)
    }

    fn from_bits(bits: u64) -> bool {
        bits != 0
    }
}

impl AtomicBool {
    /// A new atomic, created by the caller.
    #[must_use]
    #[track_caller]
    pub const fn new(value: bool) -> AtomicBool {
        AtomicBool {
            inner: Versioned::new(value),
        }
    }

    /// The value, at the end of the atomic's life. Not recorded.
    #[must_use]
    pub const fn into_inner(self) -> bool {
        match self.inner.into_parts() {
            Last::Slot(value) => value,
            Last::Bits(bits) => bits != 0,
        }
    }

    /// Logical not; returns the value before.
    #[track_caller]
    #[inline]
    pub fn fetch_not(&self, order: Ordering) -> bool {
        self.inner.modify(order, |old| !old)
    }
}

impl Default for AtomicBool {
    #[track_caller]
    fn default() -> AtomicBool {
        AtomicBool::new(false)
    }
}

shared_operations!([] AtomicBool, bool);

modifications! { AtomicBool, bool,
    /// Logical and; returns the value before.
    fetch_and = |old, value| old & value;
    /// Logical nand; returns the value before.
    fetch_nand = |old, value| !(old & value);
    /// Logical or; returns the value before.
    fetch_or = |old, value| old | value;
    /// Logical exclusive or; returns the value before.
    fetch_xor = |old, value| old ^ value;
}
