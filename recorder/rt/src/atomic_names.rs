//! The names under which compilers know the [atomic](crate::atomic) operations:
//! for each width the list of both GCC's and Clang's.

use std::arch::naked_asm;
use std::ffi::c_int;

use crate::atomic::{
    exchange, exchange_if, exchange_if_value, exchange_wide_if, exchange_wide_if_value, fetch_add,
    fetch_and, fetch_nand, fetch_or, fetch_sub, fetch_xor, load, store, thread_fence,
};
use crate::call::with_caller;

/// The operations that take as many registers at every width but sixteen bytes.
/// The register is the one for the caller's address behind an operation's
/// value.
macro_rules! operations {
    ($type:ident, $register:literal: $load:ident $store:ident $exchange:ident $add:ident $sub:ident
        $and:ident $or:ident $xor:ident $nand:ident) => {
        with_caller! {
            /// Loads.
            fn $load(at: *mut $type, order: c_int) -> $type => load::<$type>, "rdx";
            /// Stores.
            fn $store(at: *mut $type, value: $type, order: c_int) => store::<$type>, $register;
            /// Exchanges.
            fn $exchange(at: *mut $type, value: $type, order: c_int) -> $type
                => exchange::<$type>, $register;
            /// Adds.
            fn $add(at: *mut $type, value: $type, order: c_int) -> $type
                => fetch_add::<$type>, $register;
            /// Subtracts.
            fn $sub(at: *mut $type, value: $type, order: c_int) -> $type
                => fetch_sub::<$type>, $register;
            /// Bitwise and.
            fn $and(at: *mut $type, value: $type, order: c_int) -> $type
                => fetch_and::<$type>, $register;
            /// Bitwise or.
            fn $or(at: *mut $type, value: $type, order: c_int) -> $type
                => fetch_or::<$type>, $register;
            /// Bitwise exclusive or.
            fn $xor(at: *mut $type, value: $type, order: c_int) -> $type
                => fetch_xor::<$type>, $register;
            /// Bitwise nand.
            fn $nand(at: *mut $type, value: $type, order: c_int) -> $type
                => fetch_nand::<$type>, $register;
        }
    };
}

/// Compare-exchanges of up to eight bytes.
macro_rules! compare_exchanges {
    ($($type:ident: $strong:ident $weak:ident $value:ident;)*) => {$(
        with_caller! {
            /// Compare-exchange, which tells what stands there where it fails.
            fn $strong(at: *mut $type, expected: *mut $type, new: $type, success: c_int,
                failure: c_int) -> c_int => exchange_if::<$type>, "r9";
            /// Compare-exchange that may fail without a reason.
            fn $weak(at: *mut $type, expected: *mut $type, new: $type, success: c_int,
                failure: c_int) -> c_int => exchange_if::<$type>, "r9";
            /// Compare-exchange that tells what stood there.
            fn $value(at: *mut $type, current: $type, new: $type, success: c_int,
                failure: c_int) -> $type => exchange_if_value::<$type>, "r9";
        }
    )*};
}

operations!(u8, "rcx":
    __tsan_atomic8_load __tsan_atomic8_store __tsan_atomic8_exchange __tsan_atomic8_fetch_add
    __tsan_atomic8_fetch_sub __tsan_atomic8_fetch_and __tsan_atomic8_fetch_or __tsan_atomic8_fetch_xor __tsan_atomic8_fetch_nand);
operations!(u16, "rcx":
    __tsan_atomic16_load __tsan_atomic16_store __tsan_atomic16_exchange __tsan_atomic16_fetch_add
    __tsan_atomic16_fetch_sub __tsan_atomic16_fetch_and __tsan_atomic16_fetch_or __tsan_atomic16_fetch_xor __tsan_atomic16_fetch_nand);
operations!(u32, "rcx":
    __tsan_atomic32_load __tsan_atomic32_store __tsan_atomic32_exchange __tsan_atomic32_fetch_add
    __tsan_atomic32_fetch_sub __tsan_atomic32_fetch_and __tsan_atomic32_fetch_or __tsan_atomic32_fetch_xor __tsan_atomic32_fetch_nand);
operations!(u64, "rcx":
    __tsan_atomic64_load __tsan_atomic64_store __tsan_atomic64_exchange __tsan_atomic64_fetch_add
    __tsan_atomic64_fetch_sub __tsan_atomic64_fetch_and __tsan_atomic64_fetch_or __tsan_atomic64_fetch_xor __tsan_atomic64_fetch_nand);
operations!(u128, "r8":
    __tsan_atomic128_load __tsan_atomic128_store __tsan_atomic128_exchange __tsan_atomic128_fetch_add
    __tsan_atomic128_fetch_sub __tsan_atomic128_fetch_and __tsan_atomic128_fetch_or __tsan_atomic128_fetch_xor __tsan_atomic128_fetch_nand);

compare_exchanges! {
    u8: __tsan_atomic8_compare_exchange_strong __tsan_atomic8_compare_exchange_weak
        __tsan_atomic8_compare_exchange_val;
    u16: __tsan_atomic16_compare_exchange_strong __tsan_atomic16_compare_exchange_weak
        __tsan_atomic16_compare_exchange_val;
    u32: __tsan_atomic32_compare_exchange_strong __tsan_atomic32_compare_exchange_weak
        __tsan_atomic32_compare_exchange_val;
    u64: __tsan_atomic64_compare_exchange_strong __tsan_atomic64_compare_exchange_weak
        __tsan_atomic64_compare_exchange_val;
}

/// Compare-exchanges of sixteen bytes: all registers are taken, so both orders
/// go into one and the caller's address into the other.
macro_rules! wide_exchange_if {
    ($($name:ident)*) => {$(
        /// Compare-exchange, which tells what stands there where it fails.
        ///
        /// # Safety
        /// As the function of this name.
        #[unsafe(naked)]
        #[unsafe(no_mangle)]
        pub(crate) unsafe extern "C" fn $name(
            _at: *mut u128,
            _expected: *mut u128,
            _new: u128,
            _success: c_int,
            _failure: c_int,
        ) -> c_int {
            #[cfg(target_arch = "x86_64")]
            naked_asm!(
                "shl r9d, 8",
                "or r8d, r9d",
                "mov r9, [rsp]",
                "jmp {}",
                sym exchange_wide_if,
            )
        }
    )*};
}

wide_exchange_if!(__tsan_atomic128_compare_exchange_strong __tsan_atomic128_compare_exchange_weak);

/// Compare-exchange that tells what stood there. The caller's address takes the
/// place of the order that comes on the stack.
///
/// # Safety
/// As the function of this name.
#[unsafe(naked)]
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn __tsan_atomic128_compare_exchange_val(
    _at: *mut u128,
    _current: u128,
    _new: u128,
    _success: c_int,
    _failure: c_int,
) -> u128 {
    #[cfg(target_arch = "x86_64")]
    naked_asm!(
        "mov eax, [rsp + 8]",
        "shl eax, 8",
        "or r9d, eax",
        "mov rax, [rsp]",
        "mov [rsp + 8], rax",
        "jmp {}",
        sym exchange_wide_if_value,
    )
}

with_caller! {
    /// A fence between threads.
    fn __tsan_atomic_thread_fence(order: c_int) => thread_fence, "rsi";
}

/// A fence for the compiler, which it was by being called.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn __tsan_atomic_signal_fence(_order: c_int) {}
