//! Uses of a value that the compiler knows nothing about and that take no
//! instruction (`std::hint::black_box` stores the value).
#![allow(unsafe_code)] // Empty pieces of assembly.

use std::arch::asm;

/// The value has to be in a register here.
#[inline(always)]
pub fn use_it(value: u64) {
    // SAFETY: it is empty.
    unsafe { asm!("/* {0} */", in(reg) value, options(nomem, nostack, preserves_flags)) };
}

/// The memory behind the pointer has to be as the program says, and may be
/// otherwise afterwards.
#[inline(always)]
pub fn settle<T>(pointer: &T) {
    // SAFETY: it is empty, so memory stays what it is; the pointer is not
    // followed.
    unsafe {
        asm!("/* {0} */", in(reg) std::ptr::from_ref(pointer), options(nostack, preserves_flags));
    }
}
