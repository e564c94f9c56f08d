//! A slow, obvious oracle for races.
//!
//! It reads the lines of a text trace itself, draws every edge that the
//! happens-before rules demand as an edge of a graph, closes the graph, and
//! compares every pair of accesses. No vector clocks, no replay, no table of
//! event kinds: it shares nothing with what it judges.

mod atomics;
mod edges;
mod graph;
mod line;

use std::collections::{BTreeMap, BTreeSet};

use graph::Graph;
use hbtrace_analyzer::finding::{self, Race};
use line::{Line, read};

/// A side as reports tell it: site, kind, and the location if the site is
/// unknown.
pub type Side = (String, String, String);

/// How many locations and pairs a finding concerns.
pub type Counts = (u64, u64);

/// A finding of the analyzer as the oracle tells it.
#[must_use]
pub fn told(race: &Race) -> ((Side, Side), Counts) {
    let side = |side: &finding::Side| {
        let location = match side.site == "?" {
            true => side.location.clone(),
            false => String::new(),
        };
        (side.site.clone(), side.kind.clone(), location)
    };
    let (first, second) = (side(&race.first), side(&race.second));
    let sides = match first <= second {
        true => (first, second),
        false => (second, first),
    };
    (sides, (race.locations, race.pairs))
}

/// Common bytes, and the threads of both sides.
type Pair = (Bytes, String, String);

/// An access to memory.
#[derive(Clone, Debug)]
struct Access {
    line: usize,
    thread: String,
    side: Side,
    bytes: Bytes,
    writes: bool,
    atomic: bool,
    /// Cuts above it.
    window: usize,
}

/// A named variable, or a byte range.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Bytes {
    Variable(String),
    Range(u64, u64),
}

impl Bytes {
    fn parse(text: &str) -> Bytes {
        let range = text.strip_prefix("0x").and_then(|rest| {
            let (start, len) = rest.split_once(':')?;
            let start = u64::from_str_radix(start, 16).ok()?;
            Some(Bytes::Range(start, start + len.parse::<u64>().ok()?))
        });
        range.unwrap_or_else(|| Bytes::Variable(text.to_owned()))
    }

    /// The bytes that both have.
    fn common(&self, other: &Bytes) -> Option<Bytes> {
        match (self, other) {
            (Bytes::Range(a, b), Bytes::Range(c, d)) => {
                let (from, to) = (*a.max(c), *b.min(d));
                (from < to).then_some(Bytes::Range(from, to))
            }
            _ => (self == other).then(|| self.clone()),
        }
    }
}

/// Every racy pair of sides of a text trace.
#[must_use]
pub fn races(text: &str) -> BTreeMap<(Side, Side), Counts> {
    races_among(text, |_| true)
}

/// Every racy pair of sides among accesses in lines that are `compared`, given
/// by their places from 0.
#[must_use]
pub fn races_among(text: &str, compared: impl Fn(usize) -> bool) -> BTreeMap<(Side, Side), Counts> {
    let lines = read(text);
    let graph = edges::graph(&lines).closed();
    let mut accesses = accesses(&lines);
    accesses.retain(|access| compared(access.line));
    let mut found: BTreeMap<(Side, Side), (BTreeSet<Bytes>, BTreeSet<Pair>)> = BTreeMap::new();
    for (at, one) in accesses.iter().enumerate() {
        for other in &accesses[at + 1..] {
            let Some(bytes) = racy_bytes(&graph, one, other) else {
                continue;
            };
            let (a, b) = match one.side <= other.side {
                true => (one, other),
                false => (other, one),
            };
            let mut threads = [a.thread.clone(), b.thread.clone()];
            if a.side == b.side {
                threads.sort();
            }
            let [s, t] = threads;
            let (locations, pairs) = found.entry((a.side.clone(), b.side.clone())).or_default();
            locations.insert(bytes.clone());
            pairs.insert((bytes, s, t));
        }
    }
    found
        .into_iter()
        .map(|(sides, (locations, pairs))| (sides, (locations.len() as u64, pairs.len() as u64)))
        .collect()
}

/// The bytes on which two accesses race.
fn racy_bytes(graph: &Graph, one: &Access, other: &Access) -> Option<Bytes> {
    let bytes = one.bytes.common(&other.bytes)?;
    let conflict = one.thread != other.thread
        && one.window == other.window
        && (one.writes || other.writes)
        && !(one.atomic && other.atomic && one.bytes == other.bytes);
    let ordered = graph.has(one.line, other.line) || graph.has(other.line, one.line);
    (conflict && !ordered).then_some(bytes)
}

fn accesses(lines: &[Line]) -> Vec<Access> {
    let mut window = 0;
    let mut accesses = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let (kind, writes, atomic) = match line.op.as_str() {
            "r" => ("read", false, false),
            "w" => ("write", true, false),
            "free" => ("free", true, false),
            "load" => ("atomic read", false, true),
            "store" | "rmw" => ("atomic write", true, true),
            "cut" => {
                window += 1;
                continue;
            }
            _ => continue,
        };
        let location = match line.site == "?" {
            true => line.arg(0).to_owned(),
            false => String::new(),
        };
        accesses.push(Access {
            line: at,
            thread: line.thread.clone(),
            side: (line.site.clone(), kind.to_owned(), location),
            bytes: Bytes::parse(line.arg(0)),
            writes,
            atomic,
            window,
        });
    }
    accesses
}

#[cfg(test)]
mod tests {
    use super::races;

    fn count(text: &str) -> usize {
        races(text).len()
    }

    #[test]
    fn mutex_orders_and_a_later_reader_does_not() {
        assert_eq!(count("A|w(x)|1\nB|r(x)|2\n"), 1);
        let locked = "A|acq(l)|\nA|w(x)|1\nA|rel(l)|\nB|acq(l)|\nB|r(x)|2\nB|rel(l)|\n";
        assert_eq!(count(locked), 0);
        let shared = "A|racq(l)|\nA|w(x)|1\nA|rrel(l)|\nB|racq(l)|\nB|r(x)|2\nB|rrel(l)|\n";
        assert_eq!(count(shared), 1);
    }

    #[test]
    fn three_forms_of_fences_order() {
        let fences = "A|w(x)|1\nA|fence(release)|\nA|store(f,relaxed)|\n\
                      B|load(f,relaxed)|\nB|fence(acquire)|\nB|r(x)|2\n";
        assert_eq!(count(fences), 0);
        assert_eq!(count(&fences.replace("B|fence(acquire)|\n", "")), 1);
        assert_eq!(count(&fences.replace("A|fence(release)|\n", "")), 1);
        assert_eq!(
            count(
                &fences
                    .replace("B|fence(acquire)|\n", "")
                    .replace("B|load(f,relaxed)|", "B|load(f,acquire)|")
            ),
            0
        );
    }

    #[test]
    fn a_relaxed_store_ends_a_release_sequence_and_an_rmw_does_not() {
        let rmw = "A|w(x)|1\nA|store(f,release)|\nC|rmw(f,relaxed)|\n\
                   B|load(f,acquire)|\nB|r(x)|2\n";
        assert_eq!(count(rmw), 0);
        assert_eq!(count(&rmw.replace("C|rmw", "C|store")), 1);
        assert_eq!(count(&rmw.replace("C|rmw", "A|store")), 1);
    }
}
