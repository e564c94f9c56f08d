//! Where anything races at all: a small cell for each block.
//!
//! A cell keeps, for plain writes, plain reads, atomic writes and atomic
//! reads, the last epoch, widened to one per thread where they are unordered.
//! As long as nothing races, all plain writes are ordered, and whatever is
//! unordered with something before a plain write is unordered with that write
//! too: so it resets the cell, as in FastTrack. Bytes within a block are not
//! told apart, so false sharing makes a candidate; a race always does.
//!
//! Once something races, a cell has nothing more to say.

use std::collections::BTreeSet;

use hbtrace_traces::event::AccessKind;
use hbtrace_traces::id::{Location, ThreadId};
use rustc_hash::{FxHashMap, FxHashSet};

use super::partition::{Partition, Region};
use super::visit::Visit;
use crate::clock::VectorClock;

/// Blocks and regions in which something may race.
#[derive(Default, Debug)]
pub(super) struct Candidates {
    blocks: FxHashSet<u64>,
    regions: FxHashSet<Region>,
}

/// A worker of the first step.
#[derive(Debug)]
pub(super) struct Watch<'a> {
    worker: usize,
    partition: &'a Partition,
    blocks: FxHashMap<u64, Cell>,
    regions: FxHashMap<Region, Large>,
    candidates: Candidates,
}

/// What a block has seen.
#[derive(Default, Debug)]
struct Cell {
    writes: Last,
    reads: Last,
    atomic_writes: Last,
    atomic_reads: Last,
    atomics: AtomicBytes,
    raced: bool,
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

/// A region: its large accesses, and which of its blocks have a cell.
#[derive(Default, Debug)]
struct Large {
    cell: Cell,
    blocks: BTreeSet<u64>,
}

impl Candidates {
    /// Whether nothing races anywhere.
    pub(super) fn is_empty(&self) -> bool {
        self.blocks.is_empty() && self.regions.is_empty()
    }

    /// Whether large accesses of `region` may race.
    pub(super) fn has_region(&self, region: Region) -> bool {
        self.regions.contains(&region)
    }

    /// Whether accesses of `block`, which lies in `region`, may race.
    pub(super) fn has_block(&self, block: u64, region: Option<Region>) -> bool {
        self.blocks.contains(&block) || region.is_some_and(|region| self.has_region(region))
    }

    /// What all workers have found.
    pub(super) fn union(parts: impl Iterator<Item = Candidates>) -> Candidates {
        parts.fold(Candidates::default(), |mut all, part| {
            all.blocks.extend(part.blocks);
            all.regions.extend(part.regions);
            all
        })
    }
}

impl<'a> Watch<'a> {
    pub(super) fn new(worker: usize, partition: &'a Partition) -> Watch<'a> {
        Watch {
            worker,
            partition,
            blocks: FxHashMap::default(),
            regions: FxHashMap::default(),
            candidates: Candidates::default(),
        }
    }

    /// The blocks and regions of this worker in which something races.
    pub(super) fn into_candidates(self) -> Candidates {
        self.candidates
    }

    /// Enters an access.
    pub(super) fn visit(&mut self, visit: &Visit<'_>) {
        let location = visit.event.location;
        if Partition::is_large(location) {
            for region in self.partition.regions(location) {
                if self.partition.worker_of_region(region) == self.worker {
                    self.visit_region(visit, region);
                }
            }
            return;
        }
        for block in Partition::blocks(location) {
            let region = self.partition.region(block);
            if self.partition.worker_of(block, region) == self.worker {
                self.visit_block(visit, block, region);
            }
        }
    }

    fn visit_block(&mut self, visit: &Visit<'_>, block: u64, region: Option<Region>) {
        if let Some(region) = region {
            if self.candidates.has_region(region) {
                return;
            }
            let large = self.regions.entry(region).or_default();
            if large.cell.races(visit) {
                self.candidates.regions.insert(region);
                return;
            }
            large.blocks.insert(block);
        }
        let cell = self.blocks.entry(block).or_default();
        if cell.raced {
            return;
        }
        cell.raced = cell.sees_mixed_atomics(visit, block) || cell.races(visit);
        if cell.raced {
            self.candidates.blocks.insert(block);
        } else {
            cell.enter(visit);
        }
    }

    fn visit_region(&mut self, visit: &Visit<'_>, region: Region) {
        if self.candidates.has_region(region) {
            return;
        }
        let large = self.regions.entry(region).or_default();
        let races = |block: &u64| match self.blocks.get(block) {
            Some(cell) => cell.raced || cell.races(visit),
            None => false,
        };
        // Atomics this large don't exist; the exact step knows what to do.
        let raced = visit.event.kind.is_atomic()
            || large.cell.races(visit)
            || large.blocks.iter().any(races);
        if raced {
            self.candidates.regions.insert(region);
            return;
        }
        large.cell.enter(visit);
        if visit.event.kind.writes() {
            for block in std::mem::take(&mut large.blocks) {
                self.blocks.remove(&block);
            }
        }
    }
}

impl Cell {
    /// Whether an access conflicts with something before it that does not
    /// happen before it.
    fn races(&self, visit: &Visit<'_>) -> bool {
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
    fn enter(&mut self, visit: &Visit<'_>) {
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
    fn sees_mixed_atomics(&mut self, visit: &Visit<'_>, block: u64) -> bool {
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
