//! Loads that a thread repeats: what it polls.
//!
//! A thread that waits in a loop for an atomic to change loads the same version
//! at the same place again and again, with nothing but such loads between.
//! Recorded each time, that would fill the file within seconds, and say nothing
//! new. So a load is left out if the thread has recorded the same load already
//! (the same atomic, version, ordering and place) and since then nothing but
//! loads:
//!
//! - *Order.* It acquires what the recorded one has acquired.
//! - *Races.* Whatever is unordered with the one left out is unordered with the
//!   one recorded: what comes after the recorded one does so by a release of
//!   this thread behind it, of which the first is behind both; what comes before
//!   the recorded one comes before both. Place, kind, bytes and thread are the
//!   same, so it is the same finding. (The reverse does not hold, as a load in
//!   between may acquire; but the recorded one is there.)
//!
//! A fence, an operation that writes, or a lock is no load. Only compact events
//! are remembered, since only these name their object by what is compared, and
//! each chunk begins anew, so that what is left out lies in the chunk of what it
//! repeats.

use std::cell::Cell;
use std::ptr::without_provenance_mut;

use super::edge::Edge;

/// Loads that are remembered: as many atomics as a loop may look at.
const LOADS: usize = 8;

/// The last loads of the sync stream, as long as there is nothing else.
pub(super) struct Poll {
    /// Where the stream was behind the last load; [`FRESH`] if none of those
    /// before it counts.
    next: Cell<*mut u64>,
    /// Direct mapped: a load has one slot, which the next one may take.
    loads: [Load; LOADS],
}

/// A load (no place: none), which is found by a shift.
#[repr(align(32))]
struct Load {
    place: Cell<usize>,
    marks: [Cell<u64>; 2],
}

/// No cursor is there.
const NOWHERE: *mut u64 = without_provenance_mut(FRESH);
/// Set in an address, which no cursor has either.
const FRESH: usize = 1;

impl Poll {
    pub(super) const fn new() -> Poll {
        Poll {
            next: Cell::new(NOWHERE),
            loads: [const {
                Load {
                    place: Cell::new(0),
                    marks: [const { Cell::new(0) }; 2],
                }
            }; LOADS],
        }
    }

    /// Whether this load is remembered and nothing but loads lies between it
    /// and `edge`. `marks` say of which atomic and version, `place` at which
    /// place with which ordering.
    #[inline(always)]
    pub(super) fn is(&self, edge: &Edge, place: usize, marks: [u64; 2]) -> bool {
        let load = self.slot(place, marks);
        let place = load.place.get() ^ place | edge.raw() ^ self.next.get().addr();
        let marks = load.marks[0].get() ^ marks[0] | load.marks[1].get() ^ marks[1];
        // One branch for all: each is as foreseeable as the others.
        place as u64 | marks == 0
    }

    /// This load is the event from `before` to `next`, the last one. It is
    /// remembered if the one before it was a load as well: who polls is told by
    /// the second, and a load among other events costs less. A signal handler
    /// that records in between has moved the edge on, so that a mixture is
    /// never met.
    #[inline(always)]
    pub(super) fn set(&self, before: *mut u64, next: *mut u64, place: usize, marks: [u64; 2]) {
        let last = self.next.get();
        if last != before {
            if last.addr() != before.addr() | FRESH {
                return self.next.set(next.map_addr(|next| next | FRESH));
            }
            self.clear();
        }
        let load = self.slot(place, marks);
        load.marks[0].set(marks[0]);
        load.marks[1].set(marks[1]);
        load.place.set(place);
        self.next.set(next);
    }

    /// The stream goes on elsewhere, and may come here again.
    pub(super) fn forget(&self) {
        self.next.set(NOWHERE);
    }

    #[inline(always)]
    fn clear(&self) {
        for load in &self.loads {
            load.place.set(0);
        }
    }

    /// Places lie 24 bytes apart, and the atomic's id is the lowest in its mark.
    #[inline(always)]
    fn slot(&self, place: usize, marks: [u64; 2]) -> &Load {
        &self.loads[(place >> 2).wrapping_add(marks[1] as usize) % LOADS]
    }
}
