//! What has been found so far: by pair of sides, sets and one example.
//!
//! Everything here is a set or an extreme, so that the union of what several
//! workers found does not depend on who found what.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use hbtrace_traces::id::ThreadId;
use rustc_hash::{FxHashMap, FxHashSet};

use super::side::{Side, Sides};
use super::visit::Event;

/// First byte and one past the last.
type Bytes = (u64, u64);

/// A racy pair of sides.
#[derive(Debug)]
pub(super) struct Finding {
    /// Bytes that both sides touched.
    pub(super) locations: FxHashSet<Bytes>,
    /// Those, with the threads of the first and second side.
    pub(super) pairs: ThreadPairs,
    /// The accesses with the least later one, and for it the latest earlier.
    pub(super) example: Example,
}

/// A set of pairs of threads, by bytes. All of many threads may race with each
/// other, so the second threads of a first one are kept as bits: by bytes, first
/// thread and 64 second threads in a row.
#[derive(Default, Debug)]
pub(super) struct ThreadPairs {
    seconds: FxHashMap<(Bytes, ThreadId, u32), u64>,
}

impl ThreadPairs {
    fn insert(&mut self, bytes: Bytes, first: ThreadId, second: ThreadId) {
        let row = self.seconds.entry((bytes, first, second.0 / 64));
        *row.or_insert(0) |= 1 << (second.0 % 64);
    }

    fn extend(&mut self, other: ThreadPairs) {
        for (row, seconds) in other.seconds {
            *self.seconds.entry(row).or_insert(0) |= seconds;
        }
    }

    /// How many pairs there are.
    pub(super) fn len(&self) -> u64 {
        let counts = self.seconds.values().map(|seconds| seconds.count_ones());
        counts.map(u64::from).sum()
    }
}

/// Two accesses that race, in replay order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Example {
    pub(super) earlier: Event,
    pub(super) later: Event,
}

/// All findings, by their sides in order.
#[derive(Default, Debug)]
pub(super) struct Found {
    pub(super) findings: BTreeMap<(Side, Side), Finding>,
}

impl Example {
    /// Ordered so that the one to show is the least.
    fn key(&self) -> impl Ord + use<> {
        (self.later.place, Reverse(self.earlier.place))
    }
}

impl Found {
    /// Adds a racy pair of accesses.
    pub(super) fn add(&mut self, sides: &Sides, earlier: &Event, later: &Event) {
        let (mut first, mut second) = (earlier.thread, later.thread);
        let mut key = (sides.of(earlier), sides.of(later));
        if key.0 > key.1 {
            key = (key.1, key.0);
            std::mem::swap(&mut first, &mut second);
        }
        // The later access tends to be the higher thread's: its row fills up.
        if key.0 == key.1 && first < second {
            std::mem::swap(&mut first, &mut second);
        }
        let bytes = (
            earlier.location.start.max(later.location.start),
            earlier.location.end().min(later.location.end()),
        );
        let example = Example {
            earlier: *earlier,
            later: *later,
        };
        let finding = self.findings.entry(key).or_insert_with(|| Finding {
            locations: FxHashSet::default(),
            pairs: ThreadPairs::default(),
            example,
        });
        finding.locations.insert(bytes);
        finding.pairs.insert(bytes, first, second);
        finding.improve(example);
    }

    /// Adds what another worker found.
    pub(super) fn merge(&mut self, other: Found) {
        for (key, theirs) in other.findings {
            match self.findings.get_mut(&key) {
                Some(ours) => {
                    ours.locations.extend(theirs.locations);
                    ours.pairs.extend(theirs.pairs);
                    ours.improve(theirs.example);
                }
                None => {
                    self.findings.insert(key, theirs);
                }
            }
        }
    }
}

impl Finding {
    fn improve(&mut self, example: Example) {
        if example.key() < self.example.key() {
            self.example = example;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_many_threads_are_counted_exactly_and_kept_as_bits() {
        let mut halves = [ThreadPairs::default(), ThreadPairs::default()];
        for first in 0..300_u32 {
            for second in 0..first {
                for half in &mut halves[..1 + (second % 2) as usize] {
                    half.insert((0, 8), ThreadId(first), ThreadId(second));
                }
            }
        }
        let [mut all, some] = halves;
        assert!(some.len() < all.len());
        all.extend(some);
        assert_eq!(all.len(), 300 * 299 / 2);
        assert!(all.seconds.len() <= 300 * 5);
    }
}
