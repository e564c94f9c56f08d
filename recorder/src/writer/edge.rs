//! Where a stream's next word goes: the two words that the fast path looks at.
//!
//! | `next` | `end` | means |
//! | --- | --- | --- |
//! | in a chunk | above `next` | there is room |
//! | in a chunk | not above | full, or something is due |
//! | null | null | no chunk: not set up, or shut |
//! | null | [`NEVER`] | this thread will never record |
//! | any, top byte set | any | an event is under way |
//!
//! The top byte of an address in user space is zero on every Linux this crate
//! is built for, which makes room for the flag.
#![allow(unsafe_code)] // Stores into the mapped file, and one byte of a word.

use std::cell::Cell;
use std::ptr::without_provenance_mut;

use super::steps::step;
use crate::primitive::{AtomicU64, Ordering, compiler_fence};

/// `end` of a cursor that will never record: the difference from `next` is the
/// one that overflows, so one comparison tells it from all other cases.
const NEVER: *mut u64 = without_provenance_mut(isize::MIN.cast_unsigned());
/// The top byte of `next` while an event is under way.
const BUSY: u8 = 0x40;
const BUSY_WORD: usize = (BUSY as usize) << 56;

#[cfg(not(all(target_endian = "little", target_pointer_width = "64")))]
compile_error!("the recorder needs a little-endian 64-bit machine");

/// Where a stream's next word goes.
pub(super) struct Edge {
    next: Cell<*mut u64>,
    end: Cell<*mut u64>,
}

/// Stores a word of the file; it is seen after the words stored before it.
#[inline(always)]
pub(super) fn store(at: *mut u64, word: u64) {
    step();
    // SAFETY: `at` is a word of a chunk of this thread, as whoever took it from
    // an edge with room sees to, mapped as long as the chunk is open and only
    // accessed atomically.
    let slot = unsafe { AtomicU64::from_ptr(at) };
    // Release: an event's first word comes after its others.
    slot.store(word.to_le(), Ordering::Release);
}

/// Loads a word that this thread has stored.
pub(super) fn load(at: *mut u64) -> u64 {
    // SAFETY: a word of this thread's open chunk, only accessed atomically.
    let slot = unsafe { AtomicU64::from_ptr(at) };
    // Relaxed: this thread's own.
    u64::from_le(slot.load(Ordering::Relaxed))
}

impl Edge {
    pub(super) const fn new() -> Edge {
        Edge {
            next: Cell::new(std::ptr::null_mut()),
            end: Cell::new(std::ptr::null_mut()),
        }
    }

    /// Whether this thread will never record.
    #[inline(always)]
    pub(super) fn is_never(&self) -> bool {
        let (next, end) = (self.next.get().addr(), self.end.get().addr());
        let (_, overflows) = next.cast_signed().overflowing_sub(end.cast_signed());
        overflows
    }

    /// Where the next word goes, if there is room and nothing is under way.
    ///
    /// The comparison is signed: [`NEVER`] lies below every `next`, so that a
    /// signal handler that shuts the cursor behind [`is_never`](Edge::is_never)
    /// leaves no room.
    #[inline(always)]
    pub(super) fn room(&self) -> Option<*mut u64> {
        step();
        let next = self.next.get();
        step();
        let end = self.end.get();
        (next.addr().cast_signed() < end.addr().cast_signed()).then_some(next)
    }

    /// The end.
    #[inline(always)]
    pub(super) fn end(&self) -> &Cell<*mut u64> {
        &self.end
    }

    /// As [`room`](Edge::room), with another end.
    #[inline(always)]
    pub(super) fn room_before(&self, end: *mut u64) -> Option<*mut u64> {
        step();
        let next = self.next.get();
        (next < end).then_some(next)
    }

    /// Marks that an event is under way at `next`, which was read before. If a
    /// signal handler has recorded since, nothing is marked and the answer is
    /// no.
    #[inline(always)]
    pub(super) fn claim(&self, next: *mut u64) -> bool {
        step();
        self.set_flag(BUSY);
        step();
        // Only the low half: the flag is in the other one, and a load of both
        // would wait for its store. Places in chunks that have it in common are
        // 4 GiB apart.
        // SAFETY: the low half of the word, of this thread only. The fence
        // after the flag sees to it that it is read again.
        let low = unsafe { self.next.as_ptr().cast::<u32>().read() };
        if low == next.addr() as u32 {
            return true;
        }
        self.release();
        false
    }

    /// The event under way is written: the next word goes to `next`.
    #[inline(always)]
    pub(super) fn commit(&self, next: *mut u64) {
        // SeqCst: a fence for the compiler only; a signal handler on this
        // thread sees the words before the cursor that passes them.
        compiler_fence(Ordering::SeqCst);
        step();
        self.next.set(next);
        step();
    }

    /// Where the next word goes; for traces of accesses its mark as well, as
    /// what is shifted out at the top does not count there.
    #[inline(always)]
    pub(super) fn raw(&self) -> usize {
        self.next.get().addr()
    }

    // What follows is for the full path, which holds the edge.

    pub(super) fn is_busy(&self) -> bool {
        self.raw() & BUSY_WORD != 0
    }

    /// Marks that something is under way.
    pub(super) fn hold(&self) {
        step();
        self.set_flag(BUSY);
    }

    /// Nothing is under way any more.
    #[inline(always)]
    pub(super) fn release(&self) {
        step();
        self.set_flag(0);
        step();
    }

    #[inline(always)]
    fn set_flag(&self, flag: u8) {
        // SeqCst: as in `commit`; what was done before stays before.
        compiler_fence(Ordering::SeqCst);
        let top = self.next.as_ptr().cast::<u8>().wrapping_add(7);
        // SAFETY: the top byte of the word, of this thread only. Volatile: a
        // handler must find it.
        unsafe { top.write_volatile(flag) };
        // SeqCst: as above, for what comes after.
        compiler_fence(Ordering::SeqCst);
    }

    /// Where the next word goes.
    pub(super) fn next(&self) -> *mut u64 {
        self.next.get().map_addr(|next| next & !BUSY_WORD)
    }

    /// The next word goes to `next`; something stays under way.
    pub(super) fn set_next(&self, next: *mut u64) {
        step();
        self.next.set(next.map_addr(|next| next | BUSY_WORD));
    }

    pub(super) fn set_end(&self, end: *mut u64) {
        step();
        self.end.set(end);
    }

    /// Shuts it for good.
    pub(super) fn never(&self) {
        self.next
            .set(without_provenance_mut(self.raw() & BUSY_WORD));
        self.end.set(NEVER);
    }
}
