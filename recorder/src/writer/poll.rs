//! The load that a thread repeats: what it polls.
//!
//! A thread that waits in a loop for an atomic to change loads the same version
//! at the same place again and again, with nothing between. Recorded each time,
//! that would fill the file within seconds, and say nothing new:
//!
//! - *Order.* It acquires what it has acquired already.
//! - *Races.* Between two such loads the thread has neither acquired nor
//!   released anything, so whatever is unordered with the one is unordered with
//!   the other; place, kind, bytes and thread are the same.
//!
//! So a load is left out where the thread's last sync event was the same load:
//! the same atomic, version, ordering and place. Only compact events are
//! remembered, since only these name their object by what is compared.

use std::cell::Cell;
use std::ptr::without_provenance_mut;

use super::edge::Edge;

/// Where the sync stream was behind a compact load, and what that was (no place:
/// it is not remembered).
pub(super) struct Poll {
    next: Cell<*mut u64>,
    place: Cell<usize>,
    marks: [Cell<u64>; 2],
}

/// No cursor is there.
const NOWHERE: *mut u64 = without_provenance_mut(1);

impl Poll {
    pub(super) const fn new() -> Poll {
        Poll {
            next: Cell::new(NOWHERE),
            place: Cell::new(0),
            marks: [const { Cell::new(0) }; 2],
        }
    }

    /// Whether the last event before `edge` is this load. `marks` say of which
    /// atomic and version, `place` at which place with which ordering.
    #[inline(always)]
    pub(super) fn is(&self, edge: &Edge, place: usize, marks: [u64; 2]) -> bool {
        edge.raw() == self.next.get().addr()
            && self.marks[0].get() == marks[0]
            && self.marks[1].get() == marks[1]
            && self.place.get() == place
    }

    /// This load is the event from `before` to `next`, the last one. It is
    /// remembered if the one before it was a load as well: who polls is told by
    /// the second, and a load among other events costs less. A signal handler
    /// that records in between has moved the edge on, so that a mixture is
    /// never met.
    #[inline(always)]
    pub(super) fn set(&self, before: *mut u64, next: *mut u64, place: usize, marks: [u64; 2]) {
        if self.next.get() == before {
            self.marks[0].set(marks[0]);
            self.marks[1].set(marks[1]);
            self.place.set(place);
        } else {
            self.place.set(0);
        }
        self.next.set(next);
    }

    /// The stream goes on elsewhere, and may come here again.
    pub(super) fn forget(&self) {
        self.next.set(NOWHERE);
    }
}
