//! Atomic truth values.

use std::fmt;
use std::panic::Location;
use std::sync::atomic::{self as native, Ordering};

use super::narrow::Narrow;
use super::native::{Native, is_off};
use super::operations::{modifications, shared_operations};
use super::order::{check_failure, check_load, check_store};
use super::versioned::Recorded;

/// Mirror of `std::sync::atomic::AtomicBool`.
pub struct AtomicBool {
    inner: Narrow<native::AtomicBool>,
}

impl Native for native::AtomicBool {
    type Value = bool;

    #[inline(always)]
    fn bits(&self, order: Ordering) -> u64 {
        u64::from(self.load(order))
    }

    #[inline(always)]
    fn to_bits(value: bool) -> u64 {
        u64::from(value)
    }

    #[inline(always)]
    fn from_bits(bits: u64) -> bool {
        bits != 0
    }

    fn value_mut(&mut self) -> &mut bool {
        self.get_mut()
    }
}

impl AtomicBool {
    /// A new atomic, created by the caller.
    #[must_use]
    #[track_caller]
    pub const fn new(value: bool) -> AtomicBool {
        AtomicBool {
            inner: Narrow::new(native::AtomicBool::new(value)),
        }
    }

    /// The value, at the end of the atomic's life. Not recorded.
    #[must_use]
    pub const fn into_inner(self) -> bool {
        self.inner.value.into_inner()
    }

    /// Logical not; returns the value before.
    #[track_caller]
    #[inline(always)]
    pub fn fetch_not(&self, order: Ordering) -> bool {
        if is_off() {
            return self.inner.value.fetch_not(order);
        }
        self.inner.modify(order, Location::caller(), |old| !old)
    }
}

impl Default for AtomicBool {
    #[track_caller]
    fn default() -> AtomicBool {
        AtomicBool::new(false)
    }
}

shared_operations!([] AtomicBool, bool);

modifications! { [] AtomicBool, bool, bool,
    /// Logical and; returns the value before.
    fetch_and = |old, value| old & value;
    /// Logical nand; returns the value before.
    fetch_nand = |old, value| !(old & value);
    /// Logical or; returns the value before.
    fetch_or = |old, value| old | value;
    /// Logical exclusive or; returns the value before.
    fetch_xor = |old, value| old ^ value;
}
