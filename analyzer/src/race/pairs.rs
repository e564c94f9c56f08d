//! Exactly which pairs race, in the blocks where anything does.
//!
//! Per block, the last access of every class (thread, site, kind, bytes). A
//! large access is kept once for each of its regions and compared with the
//! classes of every block of the region that was touched.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::candidates::Candidates;
use super::found::Found;
use super::partition::{Partition, Region};
use super::side::Sides;
use super::visit::{Event, Visit};

/// A worker of the exact step.
#[derive(Debug)]
pub(super) struct Pairs<'a> {
    worker: usize,
    partition: &'a Partition,
    candidates: &'a Candidates,
    sides: &'a Sides,
    blocks: FxHashMap<u64, Classes>,
    regions: FxHashMap<Region, Large>,
    /// What it has found.
    pub(super) found: Found,
}

/// The classes of a block.
#[derive(Default, Debug)]
struct Classes {
    classes: Vec<Class>,
}

/// A class: its last access, and which classes of the block it has been found
/// to race with as the later one. Finding that again would add nothing: the
/// bytes and threads are the same, and the example is not earlier.
#[derive(Debug)]
struct Class {
    last: Event,
    known: Vec<u64>,
}

/// A region: its large accesses, and which of its blocks hold small ones.
#[derive(Default, Debug)]
struct Large {
    classes: Classes,
    blocks: BTreeSet<u64>,
}

impl<'a> Pairs<'a> {
    pub(super) fn new(
        worker: usize,
        partition: &'a Partition,
        candidates: &'a Candidates,
        sides: &'a Sides,
    ) -> Pairs<'a> {
        Pairs {
            worker,
            partition,
            candidates,
            sides,
            blocks: FxHashMap::default(),
            regions: FxHashMap::default(),
            found: Found::default(),
        }
    }

    /// Compares an access with all that came before.
    pub(super) fn visit(&mut self, visit: &Visit<'_>) {
        let location = visit.event.location;
        if Partition::is_large(location) {
            for region in self.partition.regions(location) {
                if self.candidates.has_region(region)
                    && self.partition.worker_of_region(region) == self.worker
                {
                    self.visit_region(visit, region);
                }
            }
            return;
        }
        for block in Partition::blocks(location) {
            let region = self.partition.region(block);
            if self.candidates.has_block(block, region)
                && self.partition.worker_of(block, region) == self.worker
            {
                self.visit_block(visit, block, region);
            }
        }
    }

    fn visit_block(&mut self, visit: &Visit<'_>, block: u64, region: Option<Region>) {
        let classes = self.blocks.entry(block).or_default();
        let own = classes.enter(&visit.event);
        classes.compare_within(visit, own, &mut self.found, self.sides);
        let Some(region) = region.filter(|region| self.candidates.has_region(*region)) else {
            return;
        };
        let large = self.regions.entry(region).or_default();
        large.blocks.insert(block);
        large.classes.compare(visit, &mut self.found, self.sides);
    }

    fn visit_region(&mut self, visit: &Visit<'_>, region: Region) {
        let large = self.regions.entry(region).or_default();
        let own = large.classes.enter(&visit.event);
        let found = &mut self.found;
        large.classes.compare_within(visit, own, found, self.sides);
        for block in &large.blocks {
            if let Some(classes) = self.blocks.get(block) {
                classes.compare(visit, &mut self.found, self.sides);
            }
        }
    }
}

impl Classes {
    /// Compares an access with all classes of another block.
    fn compare(&self, visit: &Visit<'_>, found: &mut Found, sides: &Sides) {
        for class in &self.classes {
            if visit.races_with(&class.last) {
                found.add(sides, &class.last, &visit.event);
            }
        }
    }

    /// Compares the last access of the class at `own` with all others.
    fn compare_within(&mut self, visit: &Visit<'_>, own: usize, found: &mut Found, sides: &Sides) {
        let mut known = std::mem::take(&mut self.classes[own].known);
        known.resize(self.classes.len().div_ceil(64), 0);
        for (at, class) in self.classes.iter().enumerate() {
            let (word, bit) = (at / 64, 1 << (at % 64));
            if known[word] & bit == 0 && visit.races_with(&class.last) {
                known[word] |= bit;
                found.add(sides, &class.last, &visit.event);
            }
        }
        self.classes[own].known = known;
    }

    /// Makes `event` the last of its class, and gives the place of that.
    fn enter(&mut self, event: &Event) -> usize {
        let same = |class: &Class| {
            let last = &class.last;
            last.thread == event.thread
                && last.site == event.site
                && last.kind == event.kind
                && last.location == event.location
        };
        let own = match self.classes.iter().position(same) {
            Some(own) => own,
            None => {
                self.classes.push(Class {
                    last: *event,
                    known: Vec::new(),
                });
                self.classes.len() - 1
            }
        };
        self.classes[own].last = *event;
        own
    }
}
