//! Memory as pass two sees it: blocks of eight bytes, and regions.
//!
//! An access of up to [`SMALL`] bytes is entered in each of its blocks. A
//! larger one (a copy, the free of a heap block) would fill memory that way.
//! The ends of all large accesses of the trace cut memory into *regions*, so
//! that a large access covers whole regions only: it is entered once in each.
//! There are at most twice as many regions as distinct large accesses.
//!
//! Regions and the blocks outside them are dealt out to workers by hash; a
//! block inside a region goes where its region goes.

use hbtrace_traces::id::Location;
use hbtrace_traces::trace::{Step, Trace};
use rayon::prelude::*;
use rustc_hash::FxHashSet;

/// Bytes up to which an access is entered block by block.
const SMALL: u64 = 64;
/// Bytes of a block, as a power of two.
const BLOCK_BITS: u32 = 3;
/// Steps that one task looks through for large accesses.
const STEPS: usize = 1 << 14;
/// Spreads block numbers over 64 bits (2^64 divided by the golden ratio).
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Index of a region.
pub(super) type Region = u32;

/// A region's blocks, end exclusive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Span {
    from: u64,
    to: u64,
}

/// How memory is divided.
#[derive(Debug)]
pub(super) struct Partition {
    workers: usize,
    /// Sorted and disjoint.
    regions: Vec<Span>,
}

impl Partition {
    /// Neighbouring blocks that belong to one worker, if no region divides
    /// them.
    pub(super) const PAGE: usize = 8;

    /// Divides the memory that `trace` touches among `workers`.
    pub(super) fn new(trace: &Trace, workers: usize) -> Partition {
        let large = trace
            .steps
            .par_chunks(STEPS)
            .map(|steps| large_accesses(trace, steps))
            .reduce(FxHashSet::default, |mut all, some| {
                all.extend(some);
                all
            });
        Partition {
            workers,
            regions: regions(large),
        }
    }

    pub(super) fn workers(&self) -> usize {
        self.workers
    }

    /// Whether accesses to `location` are entered by regions.
    pub(super) fn is_large(location: Location) -> bool {
        location.len > SMALL
    }

    /// The blocks of a small access.
    pub(super) fn blocks(location: Location) -> std::ops::RangeInclusive<u64> {
        let last = location.start.saturating_add(location.len.max(1) - 1);
        location.start >> BLOCK_BITS..=last >> BLOCK_BITS
    }

    /// The regions of a large access.
    pub(super) fn regions(&self, location: Location) -> std::ops::Range<Region> {
        let blocks = Partition::blocks(location);
        let from = self
            .regions
            .partition_point(|span| span.to <= *blocks.start());
        let to = self
            .regions
            .partition_point(|span| span.from <= *blocks.end());
        from as Region..to as Region
    }

    /// The region that `block` lies in.
    pub(super) fn region(&self, block: u64) -> Option<Region> {
        let (first, last) = (self.regions.first()?, self.regions.last()?);
        if block < first.from || block >= last.to {
            return None;
        }
        let at = self.regions.partition_point(|span| span.to <= block);
        (self.regions[at].from <= block).then_some(at as Region)
    }

    /// The first block of `region`.
    pub(super) fn first_block_of(&self, region: Region) -> u64 {
        self.regions[region as usize].from
    }

    /// The worker to whom `block`, which lies in `region`, belongs.
    pub(super) fn worker_of(&self, block: u64, region: Option<Region>) -> usize {
        self.deal(region.map_or(block / Partition::PAGE as u64, u64::from))
    }

    /// The worker to whom a region belongs.
    pub(super) fn worker_of_region(&self, region: Region) -> usize {
        self.deal(u64::from(region))
    }

    fn deal(&self, number: u64) -> usize {
        if self.workers == 1 {
            return 0;
        }
        let spread = u128::from(number.wrapping_mul(SPREAD));
        ((spread * self.workers as u128) >> 64) as usize
    }
}

/// The distinct large accesses of some steps, as blocks.
fn large_accesses(trace: &Trace, steps: &[Step]) -> FxHashSet<(u64, u64)> {
    let mut large = FxHashSet::default();
    let mut add = |location: Location| {
        if Partition::is_large(location) {
            let blocks = Partition::blocks(location);
            large.insert((*blocks.start(), *blocks.end() + 1));
        }
    };
    for step in steps {
        match *step {
            Step::Accesses { thread, from, to } => {
                trace.accesses(thread, from..to, |_, access| add(access.location));
            }
            Step::Sync { thread, index } => {
                if let Some(access) = trace.access_of(thread, index) {
                    add(access.location);
                }
            }
        }
    }
    large
}

/// Cuts the union of all spans at all their ends.
fn regions(spans: FxHashSet<(u64, u64)>) -> Vec<Span> {
    let mut ends: Vec<(u64, i64)> = Vec::with_capacity(spans.len() * 2);
    for (from, to) in spans {
        ends.push((from, 1));
        ends.push((to, -1));
    }
    ends.sort_unstable();
    let mut regions = Vec::new();
    let mut covering = 0;
    let mut from = 0;
    for (at, change) in ends {
        if covering > 0 && at > from {
            regions.push(Span { from, to: at });
        }
        covering += change;
        from = at;
    }
    regions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_cut_at_the_ends_of_large_accesses() {
        let spans = [(10, 20), (15, 30), (40, 50), (50, 60)];
        let cut: Vec<(u64, u64)> = regions(spans.into_iter().collect())
            .iter()
            .map(|span| (span.from, span.to))
            .collect();
        assert_eq!(cut, [(10, 15), (15, 20), (20, 30), (40, 50), (50, 60)]);
    }

    #[test]
    fn blocks_of_an_unaligned_access() {
        let at = |start, len| Partition::blocks(Location { start, len });
        assert_eq!(at(8, 8), 1..=1);
        assert_eq!(at(15, 2), 1..=2);
        assert_eq!(at(7, 10), 0..=2);
    }
}
