//! Sixteen bytes that are exchanged at once.
//!
//! On x86-64 by `lock cmpxchg16b`, written here: the baseline of the target
//! does without it, so a library has to ask for it again and again, by an
//! indirect call. Here the question is asked once, before a process records
//! ([`supported`]); where the answer is no, no session begins, and a process
//! that does not record never comes here.
#![allow(unsafe_code)] // An instruction, and the pointer it is given.

use portable_atomic::AtomicU128;
#[cfg(not(all(target_arch = "x86_64", not(miri))))]
use std::sync::atomic::Ordering;

/// Two words: the lower one, and the one behind it.
pub(super) type Words = (u64, u64);

/// Whether the machine exchanges sixteen bytes without a lock.
pub(crate) fn supported() -> bool {
    cfg!(target_endian = "little") && AtomicU128::is_lock_free()
}

/// Stores `new` if `old` stands there, as one step; else says what stands
/// there. Ordered with everything before and behind it.
///
/// # Safety
/// `at` is valid for reads and writes of sixteen bytes, aligned to sixteen,
/// and nobody reads or writes them but atomically. The machine is
/// [`supported`].
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[inline(always)]
pub(super) unsafe fn exchange(at: *mut u128, old: Words, new: Words) -> Result<(), Words> {
    let (low, high): (u64, u64);
    let done: u64;
    // SAFETY: the caller answers for `at` and for the instruction. `rbx`, which
    // the compiler keeps for itself, is put back.
    unsafe {
        std::arch::asm!(
            "xchg rsi, rbx",
            "lock cmpxchg16b xmmword ptr [rdi]",
            "sete cl",
            "mov rbx, rsi",
            in("rdi") at,
            inout("rsi") new.0 => _,
            inout("rcx") new.1 => done,
            inout("rax") old.0 => low,
            inout("rdx") old.1 => high,
            options(nostack),
        );
    }
    if done as u8 != 0 {
        Ok(())
    } else {
        Err((low, high))
    }
}

/// As above, for machines whose compiler knows how.
///
/// # Safety
/// As above.
#[cfg(not(all(target_arch = "x86_64", not(miri))))]
pub(super) unsafe fn exchange(at: *mut u128, old: Words, new: Words) -> Result<(), Words> {
    let join = |words: Words| u128::from(words.0) | u128::from(words.1) << 64;
    // SAFETY: the caller answers for `at`.
    let wide = unsafe { AtomicU128::from_ptr(at) };
    // SeqCst, both: what the instruction of x86-64 is.
    wide.compare_exchange(join(old), join(new), Ordering::SeqCst, Ordering::SeqCst)
        .map(|_| ())
        .map_err(|now| (now as u64, (now >> 64) as u64))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn words_are_exchanged_only_where_both_are_the_same() {
        #[repr(align(16))]
        struct Aligned([u64; 2]);
        let mut words = Aligned([1, 2]);
        let at = words.0.as_mut_ptr().cast::<u128>();
        for wrong in [(1, 1), (2, 2), (0, 0)] {
            // SAFETY: aligned words that nobody else has.
            assert_eq!(unsafe { exchange(at, wrong, (7, 7)) }, Err((1, 2)));
        }
        // SAFETY: as above.
        assert_eq!(unsafe { exchange(at, (1, 2), (u64::MAX, 3)) }, Ok(()));
        assert_eq!(words.0, [u64::MAX, 3]);
    }
}
