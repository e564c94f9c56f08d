//! Atomic integers.

use std::fmt;
use std::panic::Location;
use std::sync::atomic::{self as native, Ordering};

use super::narrow::Narrow;
use super::native::{Native, Small, is_off};
use super::operations::{modifications, shared_operations};
use super::order::{check_failure, check_load, check_store};
use super::versioned::Recorded;
use super::wide::Wide;

macro_rules! integers {
    ($($name:ident $value:ident $unsigned:ident $versioned:ident;)*) => {$(
        #[doc = concat!("Mirror of `std::sync::atomic::", stringify!($name), "`.")]
        pub struct $name {
            inner: $versioned<native::$name>,
        }

        impl Native for native::$name {
            type Value = $value;

            #[inline(always)]
            fn bits(&self, order: Ordering) -> u64 {
                Self::to_bits(self.load(order))
            }

            #[inline(always)]
            fn to_bits(value: $value) -> u64 {
                value as $unsigned as u64
            }

            #[inline(always)]
            fn from_bits(bits: u64) -> $value {
                bits as $value
            }

            fn value_mut(&mut self) -> &mut $value {
                self.get_mut()
            }
        }

        impl $name {
            /// A new atomic, created by the caller.
            #[must_use]
            #[track_caller]
            pub const fn new(value: $value) -> $name {
                $name { inner: $versioned::new(native::$name::new(value)) }
            }

            /// The value, at the end of the atomic's life. Not recorded.
            #[must_use]
            pub const fn into_inner(self) -> $value {
                self.inner.value.into_inner()
            }

            /// Adds, wrapping around, and returns the value before.
            #[track_caller]
            #[inline(always)]
            pub fn fetch_add(&self, value: $value, order: Ordering) -> $value {
                if is_off() {
                    return self.inner.value.fetch_add(value, order);
                }
                self.inner.fetch_add(value, order, Location::caller())
            }

            /// Subtracts, wrapping around, and returns the value before.
            #[track_caller]
            #[inline(always)]
            pub fn fetch_sub(&self, value: $value, order: Ordering) -> $value {
                if is_off() {
                    return self.inner.value.fetch_sub(value, order);
                }
                let by = value.wrapping_neg();
                self.inner.fetch_add(by, order, Location::caller())
            }
        }

        impl Default for $name {
            #[track_caller]
            fn default() -> $name {
                $name::new(0)
            }
        }

        shared_operations!([] $name, $value);

        modifications! { [] $name, $value, $value,
            /// Bitwise and; returns the value before.
            fetch_and = |old, value| old & value;
            /// Bitwise nand; returns the value before.
            fetch_nand = |old, value| !(old & value);
            /// Bitwise or; returns the value before.
            fetch_or = |old, value| old | value;
            /// Bitwise exclusive or; returns the value before.
            fetch_xor = |old, value| old ^ value;
            /// Maximum; returns the value before.
            fetch_max = |old, value| old.max(value);
            /// Minimum; returns the value before.
            fetch_min = |old, value| old.min(value);
        }
    )*};
}

integers! {
    AtomicI8 i8 u8 Narrow;
    AtomicI16 i16 u16 Narrow;
    AtomicI32 i32 u32 Narrow;
    AtomicI64 i64 u64 Wide;
    AtomicIsize isize usize Wide;
    AtomicU8 u8 u8 Narrow;
    AtomicU16 u16 u16 Narrow;
    AtomicU32 u32 u32 Narrow;
    AtomicU64 u64 u64 Wide;
    AtomicUsize usize usize Wide;
}

macro_rules! small {
    ($($name:ident $missing:literal;)*) => {$(
        impl Small for native::$name {
            type Version = [native::AtomicU8; $missing];
            #[allow(
                clippy::declare_interior_mutable_const,
                reason = "what each new atomic begins with"
            )]
            const UNWRITTEN: Self::Version = {
                let mut bytes = [const { native::AtomicU8::new(0) }; $missing];
                bytes[0] = native::AtomicU8::new(1);
                bytes
            };
        }
    )*};
}

small! {
    AtomicBool 7;
    AtomicI8 7;
    AtomicU8 7;
    AtomicI16 6;
    AtomicU16 6;
    AtomicI32 4;
    AtomicU32 4;
}

impl AtomicU32 {
    /// A new atomic as if it had been written `writes` times before, which
    /// would take long. For tests of the recorder alone: the trace does not
    /// hold those writes, so the next one has to come before the first load.
    #[doc(hidden)]
    #[must_use]
    #[track_caller]
    pub fn aged(value: u32, writes: u64) -> AtomicU32 {
        let mut atomic = AtomicU32::new(value);
        atomic.inner.age(writes);
        atomic
    }
}
