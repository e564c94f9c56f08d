//! Atomic integers.

use std::fmt;
use std::sync::atomic::Ordering;

use super::operations::{modifications, shared_operations};
use super::versioned::{Last, Slot, Versioned};

macro_rules! integers {
    ($($name:ident $value:ident;)*) => {$(
        #[doc = concat!("Mirror of `std::sync::atomic::", stringify!($name), "`.")]
        pub struct $name {
            inner: Versioned<$value>,
        }

        impl Slot for $value {
            type Value = $value;

            fn value(&self) -> $value {
                *self
            }

            fn place(&mut self) -> &mut $value {
                self
            }

            fn to_bits(value: $value) -> u64 {
                value as u64
            }

            fn from_bits(bits: u64) -> $value {
                bits as $value
            }
        }

        impl $name {
            /// A new atomic, created by the caller.
            #[must_use]
            #[track_caller]
            pub const fn new(value: $value) -> $name {
                $name { inner: Versioned::new(value) }
            }

            /// The value, at the end of the atomic's life. Not recorded.
            #[must_use]
            pub const fn into_inner(self) -> $value {
                match self.inner.into_parts() {
                    Last::Slot(value) => value,
                    Last::Bits(bits) => bits as $value,
                }
            }
        }

        impl Default for $name {
            #[track_caller]
            fn default() -> $name {
                $name::new(0)
            }
        }

        shared_operations!([] $name, $value);

        modifications! { $name, $value,
            /// Adds, wrapping around, and returns the value before.
            fetch_add = |old, value| old.wrapping_add(value);
            /// Subtracts, wrapping around, and returns the value before.
            fetch_sub = |old, value| old.wrapping_sub(value);
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
    AtomicI8 i8;
    AtomicI16 i16;
    AtomicI32 i32;
    AtomicI64 i64;
    AtomicIsize isize;
    AtomicU8 u8;
    AtomicU16 u16;
    AtomicU32 u32;
    AtomicU64 u64;
    AtomicUsize usize;
}
