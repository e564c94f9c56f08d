//! Lives of heap blocks: a free happens before an allocation that returns
//! any of its bytes.
//!
//! Freed bytes are kept as disjoint ranges, each with the clock of all frees
//! that covered it, so that blocks may be split and merged by the allocator.

use std::collections::BTreeMap;

use hbtrace_traces::id::Location;

use crate::clock::VectorClock;

/// Bytes that have been freed: by first byte, the end and the clock.
#[derive(Default, Debug)]
pub(super) struct Lives {
    freed: BTreeMap<u64, (u64, VectorClock)>,
}

impl Lives {
    /// Adds a free of `location` at `clock`.
    pub(super) fn free(&mut self, location: Location, clock: &VectorClock) {
        let (start, end) = (location.start, location.end());
        self.split(start);
        self.split(end);
        let mut from = start;
        let inside: Vec<u64> = self.freed.range(start..end).map(|(at, _)| *at).collect();
        for at in inside {
            if from < at {
                self.freed.insert(from, (at, clock.clone()));
            }
            if let Some((until, known)) = self.freed.get_mut(&at) {
                known.join(clock);
                from = *until;
            }
        }
        if from < end {
            self.freed.insert(from, (end, clock.clone()));
        }
    }

    /// Joins into `clock` all frees of any byte of `location`, and tells
    /// whether anything was new.
    pub(super) fn acquire(&self, location: Location, clock: &mut VectorClock) -> bool {
        let before = self.freed.range(..location.start).next_back();
        let inside = self.freed.range(location.start..location.end());
        let mut news = false;
        for (_, (until, freed)) in before.into_iter().chain(inside) {
            if *until > location.start {
                news |= clock.join(freed);
            }
        }
        news
    }

    /// Makes `at` a boundary between ranges.
    fn split(&mut self, at: u64) {
        let Some((_, (until, clock))) = self.freed.range_mut(..at).next_back() else {
            return;
        };
        if *until > at {
            let rest = (*until, clock.clone());
            *until = at;
            self.freed.insert(at, rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hbtrace_traces::id::ThreadId;

    fn clock(thread: u32) -> VectorClock {
        let mut clock = VectorClock::new();
        clock.set(ThreadId(thread), 1);
        clock
    }

    fn bytes(start: u64, len: u64) -> Location {
        Location { start, len }
    }

    #[test]
    fn allocation_acquires_every_free_that_overlaps_it() {
        let mut lives = Lives::default();
        lives.free(bytes(100, 50), &clock(0));
        lives.free(bytes(120, 100), &clock(1));
        let known = |start, len| {
            let mut seen = VectorClock::new();
            lives.acquire(bytes(start, len), &mut seen);
            (seen.get(ThreadId(0)), seen.get(ThreadId(1)))
        };
        assert_eq!(known(100, 20), (1, 0));
        assert_eq!(known(119, 2), (1, 1));
        assert_eq!(known(149, 1), (1, 1));
        assert_eq!(known(150, 70), (0, 1));
        assert_eq!(known(220, 8), (0, 0));
        assert_eq!(known(90, 10), (0, 0));
    }
}
