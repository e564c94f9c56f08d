//! Plain accesses, as compilers tell them: `__tsan_read8(address)` before the
//! access, from the place of the access.

use hbtrace_recorder::raw::{self, Place};

use crate::annotations::is_ignored;
use crate::call::with_caller;
use crate::tls::{cursor, ignoring};

/// Whatever is not the usual case.
#[cold]
#[inline(never)]
pub(crate) fn rare(write: bool, address: usize, len: usize, place: Place) {
    if ignoring::get() != 0 {
        if is_ignored(write) {
            return;
        }
    } else if cursor::get() == 0 {
        cursor::set(raw::cursor());
    }
    raw::access(write, address, len, place);
}

macro_rules! accesses {
    ($($name:ident => $to:ident, $write:literal, $len:literal;)*) => {$(
        with_caller! {
            #[doc = concat!("An access of ", stringify!($len), " bytes is about to be made.")]
            fn $name(address: usize) => $to, "rsi";
        }

        // It may unwind, as far as the compiler knows: so the call of what is
        // not the usual case is its last instruction, and it has no frame.
        extern "C-unwind" fn $to(address: usize, back: usize) {
            let place = Place::of_call(back);
            // SAFETY: this thread's.
            if !unsafe { raw::access_at(cursor::get(), $write, address, $len, place) } {
                rare($write, address, $len, place);
            }
        }
    )*};
}

accesses! {
    __tsan_read1 => read1, false, 1;
    __tsan_read2 => read2, false, 2;
    __tsan_read4 => read4, false, 4;
    __tsan_read8 => read8, false, 8;
    __tsan_read16 => read16, false, 16;
    __tsan_write1 => write1, true, 1;
    __tsan_write2 => write2, true, 2;
    __tsan_write4 => write4, true, 4;
    __tsan_write8 => write8, true, 8;
    __tsan_write16 => write16, true, 16;
    __tsan_unaligned_read2 => unaligned_read2, false, 2;
    __tsan_unaligned_read4 => unaligned_read4, false, 4;
    __tsan_unaligned_read8 => unaligned_read8, false, 8;
    __tsan_unaligned_read16 => unaligned_read16, false, 16;
    __tsan_unaligned_write2 => unaligned_write2, true, 2;
    __tsan_unaligned_write4 => unaligned_write4, true, 4;
    __tsan_unaligned_write8 => unaligned_write8, true, 8;
    __tsan_unaligned_write16 => unaligned_write16, true, 16;
    __tsan_vptr_read => vptr_read, false, 8;
}
