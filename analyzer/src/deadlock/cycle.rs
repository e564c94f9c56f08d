//! Cycles of acquisitions that could happen at the same time.
//!
//! The search has two levels. The outer one walks the elementary cycles of the
//! lock-order graph, each from its least lock on, and chooses a site for every
//! edge: that much makes up the identity of a deadlock. The inner one assigns
//! to each edge an [`Acquisition`] of its own thread such that no two hold a
//! common lock, that hold and acquisition exclude each other, and that there
//! are moments which nothing orders. It stops at the first assignment.
//!
//! **Moments.** Of k groups, each a list of moments in program order, find one
//! of each so that no two are ordered. If the first moment of one list happens
//! before the first of another, it happens before all of that other list, so
//! it can't be part of a solution and is dropped; when no list has such a
//! first moment, they are the solution (Garg and Waldecker, "Detection of weak
//! unstable predicates in distributed programs", 1994). Linear, and exact.
//!
//! **Shared holds.** A cycle with a shortcut (an acquisition that more than
//! one thread of the cycle keeps out, which takes shared holds) is told by its
//! shorter cycles.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use hbtrace_traces::id::ObjectId;
use hbtrace_traces::kind::Mode;

use super::acquisition::Acquisition;
use super::lock_order::{BySite, LockOrder};
use super::{Member, Target};

/// Cycles are complete up to this many threads.
const MAX_THREADS: usize = 5;

/// Choices after which the search gives up: some seconds.
const MAX_CHOICES: u64 = 20_000_000;

/// What the search found and what it left out.
pub(super) struct Found {
    pub(super) cycles: Vec<Vec<Member>>,
    pub(super) warnings: Vec<String>,
}

/// An edge of a lock cycle with its site.
struct Edge<'a> {
    wanted: ObjectId,
    acquisitions: &'a [usize],
}

struct Search<'a> {
    acquisitions: &'a [Acquisition],
    locks: &'a LockOrder,
    choices: u64,
    /// Threads enough for longer cycles.
    has_more_threads: bool,
    /// A path of [`MAX_THREADS`] threads was met that could go on.
    may_be_longer: bool,
    unordered: FxHashMap<(usize, usize), bool>,
    cycles: Vec<Vec<Member>>,
}

/// Finds, for every cycle of locks and sites, one example if there is any.
pub(super) fn find(acquisitions: &[Acquisition], locks: &LockOrder) -> Found {
    let threads: BTreeSet<_> = acquisitions.iter().map(|a| a.thread).collect();
    let mut search = Search {
        acquisitions,
        locks,
        choices: 0,
        has_more_threads: threads.len() > MAX_THREADS,
        may_be_longer: false,
        unordered: FxHashMap::default(),
        cycles: Vec::new(),
    };
    for start in locks.cyclic.keys() {
        search.walk(*start, &mut Vec::new());
    }
    let mut warnings = Vec::new();
    if search.choices > MAX_CHOICES {
        warnings.push(format!(
            "the search for potential deadlocks was given up after {MAX_CHOICES} choices: \
             there may be more than those reported"
        ));
    }
    if search.may_be_longer {
        warnings.push(format!(
            "potential deadlocks of more than {MAX_THREADS} threads were not looked for, \
             and there may be some"
        ));
    }
    Found {
        cycles: search.cycles,
        warnings,
    }
}

impl<'a> Search<'a> {
    /// Extends a path of edges from the least lock of the cycle on.
    fn walk(&mut self, start: ObjectId, path: &mut Vec<Edge<'a>>) {
        let held = path.last().map_or(start, |edge| edge.wanted);
        let locks: &'a LockOrder = self.locks;
        for (wanted, by_site) in locks.cyclic.get(&held).into_iter().flatten() {
            let closes = *wanted == start;
            let is_new = *wanted > start && path.iter().all(|edge| edge.wanted != *wanted);
            // One edge too many tells whether cycles are longer.
            let tells = self.has_more_threads && !self.may_be_longer;
            let extends = is_new && (path.len() + 1 < MAX_THREADS || tells);
            if closes || extends {
                self.walk_sites(start, path, (*wanted, closes), by_site);
            }
        }
    }

    fn walk_sites(
        &mut self,
        start: ObjectId,
        path: &mut Vec<Edge<'a>>,
        (wanted, closes): (ObjectId, bool),
        by_site: &'a BySite,
    ) {
        for acquisitions in by_site.values() {
            path.push(Edge {
                wanted,
                acquisitions,
            });
            let example = self.assign(path, closes, &mut Vec::new());
            if !closes && example.is_some() {
                if path.len() < MAX_THREADS {
                    self.walk(start, path);
                } else {
                    self.may_be_longer = true;
                }
            } else if let Some(chosen) = example {
                let member = |(edge, index): (&Edge<'_>, &usize)| self.member(edge, *index);
                let cycle = path.iter().zip(&chosen).map(member).collect();
                self.cycles.push(cycle);
            }
            path.pop();
        }
    }

    fn member(&self, edge: &Edge<'_>, index: usize) -> Member {
        let acquisition = &self.acquisitions[index];
        Member {
            thread: acquisition.thread,
            held: acquisition.held.clone(),
            wants: Target::Lock(edge.wanted),
            mode: acquisition.mode,
            site: acquisition.site,
        }
    }
}

/// Choosing an acquisition for each edge.
impl Search<'_> {
    /// Completes `chosen` to one acquisition for each edge of the path, so that
    /// all could be under way at the same time.
    fn assign(
        &mut self,
        path: &[Edge<'_>],
        closes: bool,
        chosen: &mut Vec<usize>,
    ) -> Option<Vec<usize>> {
        if chosen.len() == path.len() {
            return self.at_once(chosen).then(|| chosen.clone());
        }
        for &index in path[chosen.len()].acquisitions {
            self.choices += 1;
            if self.choices > MAX_CHOICES {
                return None;
            }
            if self.fits(path, closes, chosen, index) {
                chosen.push(index);
                let complete = self.assign(path, closes, chosen);
                chosen.pop();
                if complete.is_some() {
                    return complete;
                }
            }
        }
        None
    }

    /// Whether acquisition `index` can be the next beside those chosen.
    fn fits(&mut self, path: &[Edge<'_>], closes: bool, chosen: &[usize], index: usize) -> bool {
        let at = chosen.len();
        let is_last = at + 1 == path.len();
        let new = &self.acquisitions[index];
        let excluded = chosen.iter().enumerate().all(|(earlier, other)| {
            let other = &self.acquisitions[*other];
            let kept_out = keeps_out(new, other);
            let keeps_first_out = keeps_out(other, new);
            other.thread != new.thread
                && !common_lock(other, new)
                && kept_out == (earlier + 1 == at)
                && keeps_first_out == (closes && is_last && earlier == 0)
        });
        excluded
            && chosen
                .iter()
                .all(|other| self.can_be_unordered(*other, index))
    }

    /// Whether the two have moments that nothing orders.
    fn can_be_unordered(&mut self, first: usize, second: usize) -> bool {
        let pair = (first.min(second), first.max(second));
        if let Some(known) = self.unordered.get(&pair) {
            return *known;
        }
        let answer = self.at_once(&[pair.0, pair.1]);
        self.unordered.insert(pair, answer);
        answer
    }

    /// Whether there is a moment of each such that no two are ordered.
    fn at_once(&self, chosen: &[usize]) -> bool {
        let moments: Vec<_> = chosen
            .iter()
            .map(|index| self.acquisitions[*index].moments.as_slice())
            .collect();
        let mut at = vec![0; moments.len()];
        // Positions whose present moment is yet to be compared with all others.
        let mut fresh: Vec<usize> = (0..moments.len()).collect();
        while let Some(position) = fresh.pop() {
            for other in 0..moments.len() {
                if other == position {
                    continue;
                }
                let (Some(a), Some(b)) = (
                    moments[position].get(at[position]),
                    moments[other].get(at[other]),
                ) else {
                    return false;
                };
                let passed = if a.happens_before(b) {
                    position
                } else if b.happens_before(a) {
                    other
                } else {
                    continue;
                };
                at[passed] += 1;
                fresh.retain(|waiting| *waiting != passed);
                fresh.push(passed);
                if passed == position {
                    break;
                }
            }
        }
        at.iter().zip(&moments).all(|(at, list)| *at < list.len())
    }
}

/// Whether what `holder` holds keeps `waiter` from its acquisition.
fn keeps_out(holder: &Acquisition, waiter: &Acquisition) -> bool {
    let held = holder.holds(waiter.wanted);
    held.is_some_and(|held| held == Mode::Exclusive || waiter.mode == Mode::Exclusive)
}

/// Whether the two hold a lock that they can't hold at the same time.
fn common_lock(first: &Acquisition, second: &Acquisition) -> bool {
    first.held.iter().any(|held| {
        let other = second.holds(held.lock);
        other.is_some_and(|other| held.mode == Mode::Exclusive || other == Mode::Exclusive)
    })
}
