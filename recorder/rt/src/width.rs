//! The operations of an atomic themselves, for each width.

use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering};

use portable_atomic::AtomicU128;

macro_rules! width {
    ($($name:ident)*) => {
        /// A value that an atomic may hold. Of all functions: what is said to be
        /// an atomic is one, aligned to its size.
        #[allow(clippy::missing_safety_doc, reason = "said once, above")]
        pub(crate) trait Width: Copy + Eq {
            unsafe fn load(at: *mut Self) -> Self;
            unsafe fn store(at: *mut Self, value: Self, order: Ordering);
            unsafe fn compare_exchange(
                at: *mut Self,
                current: Self,
                new: Self,
            ) -> Result<Self, Self>;
            $(unsafe fn $name(at: *mut Self, value: Self) -> Self;)*
        }

        of_width!(u8 AtomicU8 [$($name)*]);
        of_width!(u16 AtomicU16 [$($name)*]);
        of_width!(u32 AtomicU32 [$($name)*]);
        of_width!(u64 AtomicU64 [$($name)*]);
        of_width!(u128 AtomicU128 [$($name)*]);
    };
}

macro_rules! of_width {
    ($type:ident $atomic:ident [$($name:ident)*]) => {
        impl Width for $type {
            #[inline(always)]
            unsafe fn load(at: *mut $type) -> $type {
                // SAFETY: as the caller promises. SeqCst: at least as strong as
                // what was asked for.
                unsafe { $atomic::from_ptr(at) }.load(Ordering::SeqCst)
            }

            #[inline(always)]
            unsafe fn store(at: *mut $type, value: $type, order: Ordering) {
                // SAFETY: as the caller promises. The caller's order.
                unsafe { $atomic::from_ptr(at) }.store(value, order);
            }

            #[inline(always)]
            unsafe fn compare_exchange(
                at: *mut $type,
                current: $type,
                new: $type,
            ) -> Result<$type, $type> {
                let order = Ordering::SeqCst;
                // SAFETY: as the caller promises. SeqCst: as in `load`.
                unsafe { $atomic::from_ptr(at) }.compare_exchange(current, new, order, order)
            }

            $(
                #[inline(always)]
                unsafe fn $name(at: *mut $type, value: $type) -> $type {
                    // SAFETY: as the caller promises. SeqCst: as in `load`.
                    let atomic = unsafe { $atomic::from_ptr(at) };
                    of_width!($name atomic value)
                }
            )*
        }
    };
    (exchange $atomic:ident $value:ident) => { $atomic.swap($value, Ordering::SeqCst) };
    ($name:ident $atomic:ident $value:ident) => { $atomic.$name($value, Ordering::SeqCst) };
}

width! { exchange fetch_add fetch_sub fetch_and fetch_or fetch_xor fetch_nand }
