//! Pass two: which accesses race.
//!
//! **What a race is.** Two accesses by different threads to overlapping bytes,
//! at least one a write, at least one not atomic (or both atomic with
//! different byte ranges), neither happening before the other. A finding is an
//! unordered pair of *sides* (site, kind), and every pair for which the trace
//! holds an unordered pair of accesses is reported, once. Sites are compared
//! as reports show them; one that is unknown is told apart by its location.
//!
//! **The naive model.** Visit the accesses in replay order and compare each
//! with all before it.
//!
//! **What is done instead.** All accesses of one thread, site, kind and byte
//! range are a *class*. Replay order extends happens-before, so a later access
//! never happens before an earlier one, and within a class epochs only grow:
//! an access is unordered with some member of a class if and only if it is
//! with the last. So `pairs` keeps the last member of each class, by block of
//! eight bytes. That is exact, but too slow for every access of a long trace,
//! so `candidates` first finds the blocks in which anything races at all,
//! with a small cell for each block.
//!
//! **Parallel.** Pages of blocks are dealt out to workers by hash; all workers
//! walk the same accesses and pick theirs (`partition`). What they find are sets and
//! extremes, so their union does not depend on how many there were.
//!
//! Paper: the cells are FastTrack's (Flanagan and Freund, PLDI 2009); their
//! guarantee, to see the first race of a location, is enough to name a
//! candidate. We differ in that a block is a cell's unit, not a variable, and
//! in the exact second step: every racy pair and not only the first.

mod candidates;
mod cell;
mod cells;
mod consequence;
mod explain;
mod fingerprint;
mod found;
mod pairs;
mod partition;
mod scene;
mod side;
mod visit;
mod why;

use hbtrace_traces::trace::Trace;
use rayon::prelude::*;

use crate::finding::Race;
use crate::order::{Order, Stretches};
use candidates::{Candidates, Watch};
use found::Found;
use pairs::Pairs;
use partition::Partition;
use side::Sides;
use visit::{Visit, visit};

/// Every racy pair of sides of the trace, sorted by the sides. Works with as
/// many workers as the current rayon pool has; what it gives does not depend
/// on their number.
#[must_use]
pub fn analyze(trace: &Trace) -> Vec<Race> {
    let sides = Sides::new(trace);
    let found = gather(trace, &sides);
    if found.findings.is_empty() {
        return Vec::new();
    }
    explain::races(trace, &sides, found)
}

/// Every racy pair of sides, with an example.
fn gather(trace: &Trace, sides: &Sides) -> Found {
    let workers = rayon::current_num_threads().max(1);
    let partition = Partition::new(trace, workers);
    let candidates = candidates(trace, &partition);
    let mut found = Found::default();
    if candidates.is_empty() {
        return found;
    }
    let pairs = (0..workers)
        .map(|worker| Pairs::new(worker, &partition, &candidates, sides))
        .collect();
    let pairs: Vec<Pairs<'_>> = walk(trace, pairs, Pairs::visit);
    for pairs in pairs {
        found.merge(pairs.found);
    }
    found
}

/// The blocks in which anything races.
fn candidates(trace: &Trace, partition: &Partition) -> Candidates {
    let watches = (0..partition.workers())
        .map(|worker| Watch::new(worker, partition))
        .collect();
    let watches = walk(trace, watches, Watch::visit);
    Candidates::union(watches.into_iter().map(Watch::into_candidates))
}

/// Lets every worker see every access, in replay order.
fn walk<W: Send>(
    trace: &Trace,
    mut workers: Vec<W>,
    see: impl Fn(&mut W, &Visit<'_>) + Sync,
) -> Vec<W> {
    let mut stretches = Stretches::new(trace, Order::HappensBefore);
    while let Some(marks) = stretches.next_stretch() {
        workers.par_iter_mut().for_each(|worker| {
            for mark in &marks {
                visit(trace, mark, |access| see(worker, access));
            }
        });
    }
    workers
}
