//! Races that another race may explain.
//!
//! Let a finding's example be (`e1`, `e2`), and another's (`w`, `r`), where
//! `w` writes, `r` reads and `w` comes first in replay order. If `e1` is `w`
//! or happens before it, and `r` is `e2` or happens before it, then `r` may
//! have seen what `w` wrote, and what it saw may be why `e2` was reached: had
//! the pair (`w`, `r`) been ordered, (`e1`, `e2`) would be too. The finding is
//! then marked as a possible consequence. The relation has no cycles, so some
//! finding is always left unmarked.
//!
//! **The naive model.** Compare each example with each other.
//!
//! **What is done instead.** All `w` of one thread that `e1` precedes come last
//! among those of that thread, and all `r` of one thread that precede `e2` come
//! first. So pairs (`w`, `r`) are grouped by their two threads and sorted by
//! `w`, and from each `w` on, the first `r` answers for all.
//!
//! Limits: examples only are compared, and only those of the [`GROUPS_MAX`]
//! pairs of threads that have the most, so a mark may be missing.

use std::collections::BTreeMap;

use hbtrace_traces::event::AccessKind;
use hbtrace_traces::id::ThreadId;
use rayon::prelude::*;

use super::found::Example;
use super::scene::{Scene, Scenes};

/// Pairs of threads that are looked at.
const GROUPS_MAX: usize = 1024;

/// The scenes of an example: of the earlier and of the later access.
type Scened = Option<(Scene, Scene)>;

/// For each example, whether another one may explain it.
pub(super) fn marks(examples: &[Example], scenes: &Scenes) -> Vec<bool> {
    let scened = scened(examples, scenes);
    let groups = groups(examples, &scened);
    let is_explained = |this| groups.iter().any(|group| group.explains(&scened, this));
    (0..examples.len())
        .into_par_iter()
        .map(is_explained)
        .collect()
}

fn scened(examples: &[Example], scenes: &Scenes) -> Vec<Scened> {
    let both = |it: &Example| Some((scenes.of(&it.earlier)?, scenes.of(&it.later)?));
    examples.iter().map(both).collect()
}

/// Examples (`w`, `r`) with `w` of one thread and `r` of one other.
struct Group {
    /// In the order of `w`.
    examples: Vec<usize>,
    /// From each on, the one with the first `r`, and the one with the next.
    first: Vec<(usize, Option<usize>)>,
}

/// The groups to look at.
fn groups(examples: &[Example], scened: &[Scened]) -> Vec<Group> {
    let mut by_threads: BTreeMap<(ThreadId, ThreadId), Vec<usize>> = BTreeMap::new();
    for (index, scenes) in scened.iter().enumerate() {
        if let Some((w, r)) = scenes.as_ref().filter(|_| may_inform(&examples[index])) {
            let group = by_threads.entry((w.thread, r.thread)).or_default();
            group.push(index);
        }
    }
    let mut lists: Vec<_> = by_threads.into_values().collect();
    lists.sort_by_key(|list| std::cmp::Reverse(list.len()));
    lists.truncate(GROUPS_MAX);
    lists
        .into_iter()
        .map(|list| Group::new(list, examples))
        .collect()
}

impl Group {
    fn new(mut list: Vec<usize>, examples: &[Example]) -> Group {
        list.sort_by_key(|index| examples[*index].earlier.place);
        let r = |index: usize| examples[index].later.place;
        let mut first: Vec<(usize, Option<usize>)> = Vec::with_capacity(list.len());
        for &index in list.iter().rev() {
            let next = match first.last() {
                None => (index, None),
                Some(&(least, _)) if r(index) < r(least) => (index, Some(least)),
                Some(&(least, Some(second))) if r(second) <= r(index) => (least, Some(second)),
                Some(&(least, _)) => (least, Some(index)),
            };
            first.push(next);
        }
        first.reverse();
        Group {
            examples: list,
            first,
        }
    }

    /// Whether one of the group, but `this`, may explain example `this`.
    fn explains(&self, scened: &[Scened], this: usize) -> bool {
        let Some((e1, e2)) = &scened[this] else {
            return false;
        };
        let before = |index: &usize| {
            let scenes = scened[*index].as_ref();
            scenes.is_some_and(|(w, _)| !e1.is_or_precedes(w))
        };
        let from = self.examples.partition_point(before);
        let Some(&(least, second)) = self.first.get(from) else {
            return false;
        };
        let answers = if least == this { second } else { Some(least) };
        let scenes = answers.and_then(|index| scened[index].as_ref());
        scenes.is_some_and(|(_, r)| r.is_or_precedes(e2))
    }
}

/// Whether the later access may have seen what the earlier one wrote.
fn may_inform(example: &Example) -> bool {
    let writes = matches!(
        example.earlier.kind,
        AccessKind::Write | AccessKind::AtomicWrite
    );
    let reads = matches!(
        example.later.kind,
        AccessKind::Read | AccessKind::AtomicRead
    );
    writes && reads
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::path::Path;

    use hbtrace_traces::{read, text};

    use super::super::side::Sides;
    use super::*;

    /// Each example compared with each other.
    fn naive(examples: &[Example], scenes: &Scenes) -> Vec<bool> {
        let scened = scened(examples, scenes);
        let explains = |this: usize, other: usize| {
            let (Some((e1, e2)), Some((w, r))) = (&scened[this], &scened[other]) else {
                return false;
            };
            let informs = other != this && may_inform(&examples[other]);
            informs && e1.is_or_precedes(w) && r.is_or_precedes(e2)
        };
        let all = 0..examples.len();
        all.clone()
            .map(|this| all.clone().any(|other| explains(this, other)))
            .collect()
    }

    /// A trace with a site for each line.
    fn random(mut seed: u64) -> String {
        let mut below = |limit: u64| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed % limit
        };
        let mut text = String::new();
        for line in 0..20 + below(60) {
            let thread = below(4);
            let operation = match below(4) {
                0 => format!("r(x{})", below(6)),
                1 => format!("w(x{})", below(6)),
                2 => format!("release(o{})", below(2)),
                _ => format!("acquire(o{})", below(2)),
            };
            writeln!(text, "T{thread}|{operation}|{line}").unwrap();
        }
        text
    }

    #[test]
    fn marks_are_those_of_comparing_all() {
        let mut marked = 0;
        for seed in 1..300 {
            let text = random(seed * 0x9e37_79b9);
            let options = read::Options::default();
            let trace = text::parse(Path::new("x.std"), text.as_bytes(), options).unwrap();
            let found = super::super::gather(&trace, &Sides::new(&trace));
            let examples: Vec<_> = found.findings.values().map(|it| it.example).collect();
            let steps = examples
                .iter()
                .flat_map(|it| [it.earlier.place.step, it.later.place.step]);
            let scenes = Scenes::gather(&trace, steps);
            let marks = marks(&examples, &scenes);
            assert_eq!(marks, naive(&examples, &scenes), "{text}");
            marked += marks.iter().filter(|mark| **mark).count();
        }
        assert!(marked > 1000, "{marked}");
    }
}
