//! Exactly which pairs race, in the blocks where anything does.
//!
//! Per block, the last access of every class (thread, site, kind, bytes). Two
//! that overlap in several blocks are compared in the first of these, which is
//! where one of them starts: one that started before is compared with those
//! that start there. A large access is kept once for each of its regions, with
//! regions for blocks, and compared with the classes of every block of the
//! region that was touched.

use std::collections::BTreeSet;

use hbtrace_traces::event::AccessKind;
use hbtrace_traces::id::{Location, SiteId, ThreadId};
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
    places: FxHashMap<(ThreadId, SiteId, AccessKind, Location), usize>,
    /// Places of those whose accesses begin here.
    starters: Vec<usize>,
}

/// A class: its last access, and which classes of those that it is compared
/// with it has been found to race with as the later one. Finding that again would add nothing: the
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
        let own = classes.enter(&visit.event, block);
        classes.compare_within(visit, own, block, &mut self.found, self.sides);
        let Some(region) = region.filter(|region| self.candidates.has_region(*region)) else {
            return;
        };
        let large = self.regions.entry(region).or_default();
        large.blocks.insert(block);
        large.classes.compare(visit, &mut self.found, self.sides);
    }

    fn visit_region(&mut self, visit: &Visit<'_>, region: Region) {
        let large = self.regions.entry(region).or_default();
        let from = self.partition.first_block_of(region);
        let own = large.classes.enter(&visit.event, from);
        let found = &mut self.found;
        let classes = &mut large.classes;
        classes.compare_within(visit, own, from, found, self.sides);
        for block in &large.blocks {
            if let Some(classes) = self.blocks.get(block) {
                classes.compare(visit, &mut self.found, self.sides);
            }
        }
    }
}

/// Whether an access to the blocks from `from` on begins there.
fn starts_at(event: &Event, from: u64) -> bool {
    *Partition::blocks(event.location).start() >= from
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

    /// Compares the last access of the class at `own` with all others that are
    /// to be compared in this place, whose first block is `from`.
    fn compare_within(
        &mut self,
        visit: &Visit<'_>,
        own: usize,
        from: u64,
        found: &mut Found,
        sides: &Sides,
    ) {
        let mut known = std::mem::take(&mut self.classes[own].known);
        let starts = starts_at(&visit.event, from);
        let others = if starts {
            self.classes.len()
        } else {
            self.starters.len()
        };
        known.resize(others.div_ceil(64), 0);
        for other in 0..others {
            let at = if starts { other } else { self.starters[other] };
            let class = &self.classes[at];
            let (word, bit) = (other / 64, 1 << (other % 64));
            if known[word] & bit == 0 && visit.races_with(&class.last) {
                known[word] |= bit;
                found.add(sides, &class.last, &visit.event);
            }
        }
        self.classes[own].known = known;
    }

    /// Makes `event` the last of its class, and gives the place of that; `from`
    /// is the first block.
    fn enter(&mut self, event: &Event, from: u64) -> usize {
        let key = (event.thread, event.site, event.kind, event.location);
        let next = self.classes.len();
        let own = *self.places.entry(key).or_insert(next);
        if own == next {
            self.classes.push(Class {
                last: *event,
                known: Vec::new(),
            });
            if starts_at(event, from) {
                self.starters.push(own);
            }
        }
        self.classes[own].last = *event;
        own
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use hbtrace_traces::{read, text};

    #[test]
    fn ranges_that_overlap_in_many_blocks_are_told_once_and_all() {
        for scale in [1, 40] {
            let ranges: Vec<_> = (0..60)
                .map(|i: u64| (0x1000 + i * scale, 9 + (i % 7) * scale * 3))
                .collect();
            let lines = ranges.iter().enumerate();
            let lines =
                lines.map(|(i, (start, len))| format!("T{}|w({start:#x}:{len})|s\n", i % 2));
            let lines: String = lines.collect();
            let options = read::Options::default();
            let trace = text::parse("x.std".as_ref(), lines.as_bytes(), options).unwrap();
            let races = crate::race::analyze(&trace);

            let mut bytes = BTreeSet::new();
            for (i, one) in ranges.iter().enumerate() {
                for other in ranges[..i].iter().skip((i + 1) % 2).step_by(2) {
                    let from = one.0.max(other.0);
                    let to = (one.0 + one.1).min(other.0 + other.1);
                    bytes.extend((from < to).then_some((from, to)));
                }
            }
            assert_eq!(races.len(), 1);
            assert_eq!(races[0].locations, bytes.len() as u64);
            assert_eq!(races[0].pairs, bytes.len() as u64);
        }
    }
}
