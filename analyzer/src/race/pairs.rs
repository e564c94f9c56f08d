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

/// The last access of each class.
#[derive(Default, Debug)]
struct Classes {
    last: Vec<Event>,
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
        classes.compare(visit, &mut self.found, self.sides);
        classes.enter(&visit.event);
        let Some(region) = region.filter(|region| self.candidates.has_region(*region)) else {
            return;
        };
        let large = self.regions.entry(region).or_default();
        large.blocks.insert(block);
        large.classes.compare(visit, &mut self.found, self.sides);
    }

    fn visit_region(&mut self, visit: &Visit<'_>, region: Region) {
        let large = self.regions.entry(region).or_default();
        large.classes.compare(visit, &mut self.found, self.sides);
        for block in &large.blocks {
            if let Some(classes) = self.blocks.get(block) {
                classes.compare(visit, &mut self.found, self.sides);
            }
        }
        large.classes.enter(&visit.event);
    }
}

impl Classes {
    fn compare(&self, visit: &Visit<'_>, found: &mut Found, sides: &Sides) {
        for earlier in &self.last {
            if visit.races_with(earlier) {
                found.add(sides, earlier, &visit.event);
            }
        }
    }

    /// Makes `event` the last of its class.
    fn enter(&mut self, event: &Event) {
        let same = |last: &&mut Event| {
            last.thread == event.thread
                && last.site == event.site
                && last.kind == event.kind
                && last.location == event.location
        };
        match self.last.iter_mut().find(same) {
            Some(last) => *last = *event,
            None => self.last.push(*event),
        }
    }
}
