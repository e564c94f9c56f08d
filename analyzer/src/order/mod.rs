//! Pass one: what happens before what.
//!
//! [`Clocks`] walks the steps of a replayed trace and keeps every thread's
//! vector clock. It knows no event kinds: it asks each event for its effects.
//! Because replay respects the numbers of every object, a slot simply
//! accumulates what is published in replay order, and an acquire takes what
//! stands in it.
//!
//! [`Order`] selects which edges count: full happens-before, or the one of
//! deadlock analysis, in which locks order nothing.
//!
//! Paper: DJIT+ (Pozniansky and Schuster, 2003) for the clocks; the rules for
//! atomics are those of C++20. We differ in that release sequences, fences and
//! stale loads are followed exactly, by version.

mod atomics;
mod clocks;
mod lives;
mod slots;
mod stretch;

pub use clocks::{Clocks, Moment};
pub use stretch::{Mark, Stretches};

use hbtrace_traces::kind::Slot;

/// Which edges order events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// All edges: happens-before as the languages define it.
    HappensBefore,
    /// Program order, threads' starts and ends, messages, barriers, once
    /// cells, parking, wait groups. No locks, and nothing that may be a lock
    /// in disguise: atomics, fences, semaphores, tokens, reuse of memory.
    WithoutLocks,
}

impl Order {
    /// Whether what is published in `slot` counts.
    fn keeps(self, slot: Slot) -> bool {
        match self {
            Order::HappensBefore => true,
            Order::WithoutLocks => !matches!(
                slot,
                Slot::Exclusive | Slot::Shared | Slot::Permit | Slot::Life
            ),
        }
    }

    /// Whether atomics and fences count.
    fn keeps_atomics(self) -> bool {
        self == Order::HappensBefore
    }
}
