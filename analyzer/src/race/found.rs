//! What has been found so far: by pair of sides, sets and one example.
//!
//! Everything here is a set or an extreme, so that the union of what several
//! workers found does not depend on who found what.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use hbtrace_traces::id::ThreadId;
use rustc_hash::FxHashSet;

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
    pub(super) pairs: FxHashSet<(Bytes, ThreadId, ThreadId)>,
    /// The accesses with the least later one, and for it the latest earlier.
    pub(super) example: Example,
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
        if key.0 == key.1 && first > second {
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
            pairs: FxHashSet::default(),
            example,
        });
        finding.locations.insert(bytes);
        finding.pairs.insert((bytes, first, second));
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
