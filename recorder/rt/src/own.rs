//! This library's own memory, which its program's [heap](crate::heap) does not
//! see; and blocks of the heap that nothing was told of.
//!
//! Libc allocates while this thread is inside this library (a place in a list of
//! destructors, say) and frees it later, when it is not. A free that is told
//! without the birth before it would seem to race with whatever was there
//! before, so such blocks are remembered.

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::heap;

/// Allocates below what stands in front of malloc.
struct Own;

#[global_allocator]
static OWN: Own = Own;

/// What malloc's blocks are aligned to.
const ALIGN: usize = 16;

// SAFETY: libc's allocator, which keeps these promises.
unsafe impl GlobalAlloc for Own {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        heap::own(layout.align().max(ALIGN), layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.align() > ALIGN {
            let block = heap::own(layout.align(), layout.size());
            if !block.is_null() {
                // SAFETY: so long is the new block.
                unsafe { block.write_bytes(0, layout.size()) };
            }
            return block;
        }
        heap::own_zeroes(layout.size())
    }

    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        // SAFETY: the caller's block came from here.
        unsafe { heap::own_back(block) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, len: usize) -> *mut u8 {
        if layout.align() <= ALIGN {
            // SAFETY: as the caller promises.
            return unsafe { heap::own_resized(block, len) };
        }
        let new = heap::own(layout.align(), len);
        if !new.is_null() {
            // SAFETY: both are at least so long, and the new one is new.
            unsafe { new.copy_from_nonoverlapping(block, layout.size().min(len)) };
            // SAFETY: as the caller promises.
            unsafe { heap::own_back(block) };
        }
        new
    }
}

/// Blocks of one cache line.
const LINE: usize = 8;
const LINES: usize = 1 << 10;

#[repr(align(64))]
struct Line([AtomicUsize; LINE]);

static UNTOLD: [Line; LINES] = [const { Line([const { AtomicUsize::new(0) }; LINE]) }; LINES];

fn line(block: usize) -> &'static Line {
    let block = block / ALIGN;
    &UNTOLD[(block ^ block >> 10 ^ block >> 20) % LINES]
}

/// Nothing is told of the block at `start`. (In a line that is full its end
/// will be, which takes eight such blocks in one of a thousand lines.)
pub(crate) fn keep_untold(start: usize) {
    for slot in &line(start).0 {
        // Relaxed, both: the block passes between threads by other means.
        let (order, empty) = (Ordering::Relaxed, 0);
        if slot.compare_exchange(empty, start, order, order).is_ok() {
            return;
        }
    }
}

/// Whether nothing was told of the block at `start`, whose life ends.
#[inline]
pub(crate) fn was_untold(start: usize) -> bool {
    // Relaxed, both: as above.
    let slot = line(start)
        .0
        .iter()
        .find(|slot| slot.load(Ordering::Relaxed) == start);
    slot.inspect(|slot| slot.store(0, Ordering::Relaxed))
        .is_some()
}
