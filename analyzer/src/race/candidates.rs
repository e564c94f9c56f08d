//! Where anything races at all: a small cell for each block.
//!
//! Small accesses enter the cells of their blocks. A region has one cell for
//! its large accesses, which cover it wholly, and knows which of its blocks
//! have been touched since the last large write.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use super::cell::Cell;
use super::cells::{Cells, Entered};
use super::partition::{Partition, Region};
use super::visit::Visit;

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
    cells: Cells,
    regions: FxHashMap<Region, Large>,
    candidates: Candidates,
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
            cells: Cells::new(),
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
        let Some(region) = region else {
            if self.cells.enter(visit, block) == Entered::Races {
                self.candidates.blocks.insert(block);
            }
            return;
        };
        if self.candidates.has_region(region) {
            return;
        }
        let large = self.regions.entry(region).or_default();
        if large.cell.races(visit) {
            self.candidates.regions.insert(region);
            return;
        }
        let entered = self.cells.enter(visit, block);
        if entered != Entered::Again {
            large.blocks.insert(block);
        }
        if entered == Entered::Races {
            self.candidates.blocks.insert(block);
        }
    }

    fn visit_region(&mut self, visit: &Visit<'_>, region: Region) {
        if self.candidates.has_region(region) {
            return;
        }
        let large = self.regions.entry(region).or_default();
        // Atomics this large don't exist; the exact step knows what to do.
        let raced = visit.event.kind.is_atomic()
            || large.cell.races(visit)
            || large
                .blocks
                .iter()
                .any(|block| self.cells.races(visit, *block));
        if raced {
            self.candidates.regions.insert(region);
            return;
        }
        large.cell.enter(visit);
        if visit.event.kind.writes() {
            for block in std::mem::take(&mut large.blocks) {
                self.cells.reset(block);
            }
        }
    }
}
