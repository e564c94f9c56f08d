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

use super::acquisition::Acquisitions;
use super::lock_order::{Edge, LockOrder};
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

/// Cycles after which the search gives up: nobody reads so many.
const MAX_CYCLES: usize = 10_000;

/// Locks held in all cycles together, after which the search gives up.
const MAX_HELD: usize = 1_000_000;

struct Search<'a> {
    acquisitions: &'a Acquisitions,
    locks: &'a LockOrder,
    choices: u64,
    /// Threads enough for longer cycles.
    has_more_threads: bool,
    /// A path of [`MAX_THREADS`] threads was met that could go on.
    may_be_longer: bool,
    unordered: FxHashMap<(usize, usize), bool>,
    cycles: Vec<Vec<Member>>,
    /// Locks held in them.
    held_in_cycles: usize,
}

/// Finds, for every cycle of locks and sites, one example if there is any.
pub(super) fn find(acquisitions: &Acquisitions, locks: &LockOrder) -> Found {
    let threads: BTreeSet<_> = acquisitions.groups.iter().map(|a| a.thread).collect();
    let mut search = Search {
        acquisitions,
        locks,
        choices: 0,
        has_more_threads: threads.len() > MAX_THREADS,
        may_be_longer: false,
        unordered: FxHashMap::default(),
        cycles: Vec::new(),
        held_in_cycles: 0,
    };
    for start in locks.starts() {
        search.walk(start, &mut Vec::new());
    }
    Found {
        warnings: search.warnings(),
        cycles: search.cycles,
    }
}

impl<'a> Search<'a> {
    /// What was not looked at.
    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.has_enough() {
            warnings.push(format!(
                "the search for potential deadlocks was given up after {} of them: \
                 there may be more than those reported",
                self.cycles.len()
            ));
        }
        if self.choices > MAX_CHOICES {
            warnings.push(format!(
                "the search for potential deadlocks was given up after {MAX_CHOICES} choices: \
                 there may be more than those reported"
            ));
        }
        if self.locks.left_out > 0 {
            warnings.push(format!(
                "locks are nested so deeply that {} of {} acquisitions, the deepest, were not \
                 searched for potential deadlocks: there may be more than those reported",
                self.locks.left_out,
                self.acquisitions.groups.len()
            ));
        }
        if self.may_be_longer {
            warnings.push(format!(
                "potential deadlocks of more than {MAX_THREADS} threads were not looked for, \
                 and there may be some"
            ));
        }
        warnings
    }

    fn is_given_up(&self) -> bool {
        self.choices > MAX_CHOICES || self.has_enough()
    }

    fn has_enough(&self) -> bool {
        self.cycles.len() >= MAX_CYCLES || self.held_in_cycles >= MAX_HELD
    }

    /// Extends a path of edges from the least lock of the cycle on.
    fn walk(&mut self, start: ObjectId, path: &mut Vec<&'a [Edge]>) {
        let held = path.last().map_or(start, |edges| edges[0].wanted);
        let locks: &'a LockOrder = self.locks;
        for edges in locks.from(held).chunk_by(|a, b| a.wanted == b.wanted) {
            if self.is_given_up() {
                return;
            }
            let wanted = edges[0].wanted;
            let closes = wanted == start;
            let is_new = wanted > start && path.iter().all(|edges| edges[0].wanted != wanted);
            // One edge too many tells whether cycles are longer.
            let tells = self.has_more_threads && !self.may_be_longer;
            let extends = is_new && (path.len() + 1 < MAX_THREADS || tells);
            if closes || extends {
                self.walk_sites(start, path, closes, edges);
            }
        }
    }

    fn walk_sites(
        &mut self,
        start: ObjectId,
        path: &mut Vec<&'a [Edge]>,
        closes: bool,
        edges: &'a [Edge],
    ) {
        for of_site in edges.chunk_by(|a, b| a.site == b.site) {
            if self.is_given_up() {
                return;
            }
            path.push(of_site);
            let example = self.assign(path, closes, &mut Vec::new());
            if !closes && example.is_some() {
                if path.len() < MAX_THREADS {
                    self.walk(start, path);
                } else {
                    self.may_be_longer = true;
                }
            } else if let Some(chosen) = example {
                let cycle: Vec<_> = chosen.iter().map(|index| self.member(*index)).collect();
                let held = cycle.iter().map(|member| member.held.len());
                self.held_in_cycles += held.sum::<usize>();
                self.cycles.push(cycle);
            }
            path.pop();
        }
    }

    fn member(&self, index: usize) -> Member {
        let acquisition = &self.acquisitions.groups[index];
        Member {
            thread: acquisition.thread,
            held: self.acquisitions.sets.held(acquisition.held),
            wants: Target::Lock(acquisition.wanted),
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
        path: &[&[Edge]],
        closes: bool,
        chosen: &mut Vec<usize>,
    ) -> Option<Vec<usize>> {
        if chosen.len() == path.len() {
            return self.at_once(chosen).then(|| chosen.clone());
        }
        for edge in path[chosen.len()] {
            let index = edge.acquisition as usize;
            // Comparing long lists of held locks takes its time.
            self.choices += 1 + self.locks.holds(index).len() as u64 / 64;
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
    fn fits(&mut self, path: &[&[Edge]], closes: bool, chosen: &[usize], index: usize) -> bool {
        let at = chosen.len();
        let is_last = at + 1 == path.len();
        let thread = self.acquisitions.groups[index].thread;
        let excluded = chosen.iter().enumerate().all(|(earlier, other)| {
            self.acquisitions.groups[*other].thread != thread
                && self.keeps_out(index, *other) == (earlier + 1 == at)
                && self.keeps_out(*other, index) == (closes && is_last && earlier == 0)
                && !common_lock(self.locks.holds(*other), self.locks.holds(index))
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
            .map(|index| self.acquisitions.groups[*index].moments.as_slice())
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
    /// Whether what `holder` holds keeps `waiter` from its acquisition.
    fn keeps_out(&self, holder: usize, waiter: usize) -> bool {
        let waiter = &self.acquisitions.groups[waiter];
        let holds = self.locks.holds(holder);
        let held = holds.binary_search_by_key(&waiter.wanted, |(lock, _)| *lock);
        held.is_ok_and(|at| holds[at].1 == Mode::Exclusive || waiter.mode == Mode::Exclusive)
    }
}

/// Whether there is a lock in both that can't be held in both ways at once.
fn common_lock(mut one: &[(ObjectId, Mode)], mut other: &[(ObjectId, Mode)]) -> bool {
    while let ([(lock, mode), rest @ ..], [(other_lock, other_mode), other_rest @ ..]) =
        (one, other)
    {
        if lock == other_lock && (*mode == Mode::Exclusive || *other_mode == Mode::Exclusive) {
            return true;
        }
        if lock <= other_lock {
            one = rest;
        }
        if other_lock <= lock {
            other = other_rest;
        }
    }
    false
}
