//! What a block has seen, in full.
//!
//! A cell keeps, for plain writes, plain reads, atomic writes and atomic
//! reads, the last epoch, widened to one per thread where they are unordered.
//! As long as nothing races, all plain writes are ordered, and whatever is
//! unordered with something before a plain write is unordered with that write
//! too: so it resets the cell, as in FastTrack. Bytes within a block are not
//! told apart, so false sharing makes a candidate; a race always does.

use hbtrace_traces::event::AccessKind;
use hbtrace_traces::id::{Location, ThreadId};

use super::visit::Visit;
use crate::clock::VectorClock;

/// What a block has seen.
#[derive(Default, Debug)]
pub(super) struct Cell {
    writes: Last,
    reads: Last,
    atomic_writes: Last,
    atomic_reads: Last,
    atomics: AtomicBytes,
}

/// The last accesses of one sort.
#[derive(Default, Debug)]
enum Last {
    #[default]
    Never,
    /// All before it are ordered before it.
    One(ThreadId, u32),
    Many(Box<VectorClock>),
}

/// Which bytes of a block are atomics: disjoint ones, by first byte.
#[derive(Default, Debug)]
struct AtomicBytes {
    covered: u8,
    firsts: u8,
}

impl Cell {
    /// A block that has seen one plain write, one plain read after it, or
    /// both or neither.
    pub(super) fn new(write: Option<(ThreadId, u32)>, read: Option<(ThreadId, u32)>) -> Cell {
        let last = |event: Option<(ThreadId, u32)>| match event {
            Some((thread, epoch)) => Last::One(thread, epoch),
            None => Last::Never,
        };
        Cell {
            writes: last(write),
            reads: last(read),
            ..Cell::default()
        }
    }

    /// Whether an access conflicts with something before it that does not
    /// happen before it.
    pub(super) fn races(&self, visit: &Visit<'_>) -> bool {
        let unordered = |last: &Last| last.is_unordered(visit);
        match visit.event.kind {
            AccessKind::Write | AccessKind::Free => {
                unordered(&self.writes)
                    || unordered(&self.reads)
                    || unordered(&self.atomic_writes)
                    || unordered(&self.atomic_reads)
            }
            AccessKind::Read => unordered(&self.writes) || unordered(&self.atomic_writes),
            AccessKind::AtomicWrite => unordered(&self.writes) || unordered(&self.reads),
            AccessKind::AtomicRead => unordered(&self.writes),
        }
    }

    /// Enters an access that does not race.
    pub(super) fn enter(&mut self, visit: &Visit<'_>) {
        match visit.event.kind {
            AccessKind::Write | AccessKind::Free => {
                self.writes = Last::One(visit.event.thread, visit.event.epoch);
                self.reads = Last::Never;
                self.atomic_writes = Last::Never;
                self.atomic_reads = Last::Never;
            }
            AccessKind::Read => self.reads.enter(visit),
            AccessKind::AtomicWrite => self.atomic_writes.enter(visit),
            AccessKind::AtomicRead => self.atomic_reads.enter(visit),
        }
    }

    /// Whether an atomic access shares bytes with one of another byte range,
    /// or may do so beyond this block.
    pub(super) fn sees_mixed_atomics(&mut self, visit: &Visit<'_>, block: u64) -> bool {
        if !visit.event.kind.is_atomic() {
            return false;
        }
        let Location { start, len } = visit.event.location;
        let first = start - (block << 3).min(start);
        if start < block << 3 || first + len > 8 {
            return true;
        }
        !self.atomics.add(first as u32, len as u32)
    }
}

impl Last {
    fn is_unordered(&self, visit: &Visit<'_>) -> bool {
        match self {
            Last::Never => false,
            Last::One(other, epoch) => visit.is_unordered(*other, *epoch),
            Last::Many(clock) => clock
                .epochs()
                .iter()
                .enumerate()
                .any(|(other, epoch)| visit.is_unordered(ThreadId(other as u32), *epoch)),
        }
    }

    fn enter(&mut self, visit: &Visit<'_>) {
        let (thread, epoch) = (visit.event.thread, visit.event.epoch);
        match self {
            Last::Many(clock) => clock.set(thread, epoch),
            Last::One(other, before) if visit.is_unordered(*other, *before) => {
                let mut clock = VectorClock::new();
                clock.set(*other, *before);
                clock.set(thread, epoch);
                *self = Last::Many(Box::new(clock));
            }
            _ => *self = Last::One(thread, epoch),
        }
    }
}

impl AtomicBytes {
    /// Adds an atomic of `len` bytes at `first`; `false` if it shares bytes
    /// with another one that is not the same.
    fn add(&mut self, first: u32, len: u32) -> bool {
        let bytes = ((1_u32 << len) - 1) << first;
        let (covered, firsts) = (u32::from(self.covered), u32::from(self.firsts));
        if covered & bytes == 0 {
            self.covered = (covered | bytes) as u8;
            self.firsts = (firsts | 1 << first) as u8;
            return true;
        }
        let goes_on = covered & !firsts & (1 << (first + len)) != 0;
        covered & bytes == bytes && firsts & bytes == 1 << first && !goes_on
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_atomic_may_share_bytes() {
        let mut atomics = AtomicBytes::default();
        assert!(atomics.add(0, 4));
        assert!(atomics.add(4, 4));
        assert!(atomics.add(0, 4));
        assert!(!atomics.add(0, 8));
        assert!(!atomics.add(0, 2));
        assert!(!atomics.add(2, 4));
        assert!(!atomics.add(6, 2));
        assert!(atomics.add(4, 4));
    }
}
