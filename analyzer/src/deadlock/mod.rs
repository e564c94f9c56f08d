//! Deadlocks: those that stand at the end of a trace, and those that another
//! schedule could bring about.
//!
//! **Potential.** A cycle of acquisitions by different threads. Each thread
//! wants, at its acquisition, a lock that the next one holds; no two threads
//! hold a common lock (unless both share it); a shared hold does not keep out
//! a shared acquisition; and no two of the acquisitions are ordered by program
//! order, thread creation, joins or messages. Orders by locks do not count: an
//! inversion that did not fire is always ordered by its own locks. Nor do
//! atomics and semaphores, which order by chance as locks do. The steps are:
//! [`acquisition`] groups what threads did, [`lock_order`] finds the locks that
//! can be in a cycle at all, [`cycle`] walks the cycles and looks for moments
//! that nothing orders.
//!
//! The idea of asking for moments that are pairwise unordered, and not just
//! for a cycle of lock-order edges, is that of Tunç and others, "Sound dynamic
//! deadlock prediction in linear time" (2023). We keep happens-before where
//! they prove that a predicted schedule exists, so a cycle that we report may
//! still be ruled out by the values that the program computed.
//!
//! **Actual.** A cycle of waits at the end of the trace ([`wait`]): for locks,
//! and for threads to be joined; a thread that waits for itself included. A
//! request for the shared side waits for exclusive holds, and for requests of
//! the exclusive side, which locks commonly let nobody pass; the holder that
//! such a request waits for is then part of the cycle. An actual deadlock hides
//! the potential one with the same locks and sites.
//!
//! A program can hang without a cycle (a channel whose sender is gone for
//! good, a condition that nobody notifies), so every wait that is open at the
//! end is told as well ([`at_end`]), as a fact and not as a fault.

mod acquisition;
mod at_end;
#[cfg(test)]
mod bounds;
mod cycle;
mod held_sets;
mod lock_order;
#[cfg(test)]
mod tests;
mod wait;

use std::collections::BTreeMap;

use hbtrace_traces::id::{ObjectId, SiteId, ThreadId};
use hbtrace_traces::kind::Mode;
use hbtrace_traces::trace::Trace;

use crate::finding::{CycleStep, Deadlock, EndWait};
use crate::fingerprint::{fingerprint, number, own_name, without_lines};
use crate::held::Held;

/// What one thread of a cycle wants.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Target {
    Lock(ObjectId),
    Thread(ThreadId),
}

/// One thread of a cycle; it wants what the next one holds (or is).
struct Member {
    thread: ThreadId,
    held: Vec<Held>,
    wants: Target,
    mode: Mode,
    site: SiteId,
}

/// What tells deadlocks apart: of each step what the previous one wants of it,
/// what it acquires, and where; from the least step on.
type Key<'a> = Vec<(String, String, &'a str)>;

/// What is to be said about a trace.
pub(crate) struct Verdict {
    /// All deadlocks, sorted by cycle.
    pub(crate) deadlocks: Vec<Deadlock>,
    /// Every wait that is open at the end, by thread.
    pub(crate) waits_at_end: Vec<EndWait>,
    /// What was not looked at.
    pub(crate) warnings: Vec<String>,
}

/// Finds all deadlocks and the waits at the end.
pub(crate) fn analyze(trace: &Trace) -> Verdict {
    let acquisitions = acquisition::collect(trace);
    let locks = lock_order::LockOrder::new(&acquisitions);
    let potential = cycle::find(&acquisitions, &locks);
    let end = wait::End::of(trace);
    let actual = wait::find(trace, &end);
    let mut found = BTreeMap::new();
    for (is_actual, cycles) in [(true, actual), (false, potential.cycles)] {
        for mut members in cycles {
            let key = canonical(trace, &mut members);
            found
                .entry(key)
                .or_insert_with_key(|key| finding(trace, &members, key, is_actual));
        }
    }
    let mut deadlocks: Vec<_> = found.into_values().collect();
    deadlocks.sort_by(|a, b| (&a.cycle, a.actual).cmp(&(&b.cycle, b.actual)));
    number(
        deadlocks
            .iter_mut()
            .map(|deadlock| &mut deadlock.fingerprint),
    );
    Verdict {
        deadlocks,
        waits_at_end: at_end::find(trace, &end),
        warnings: potential.warnings,
    }
}

/// Turns the cycle so that its least step comes first, and gives its key.
fn canonical<'a>(trace: &'a Trace, members: &mut [Member]) -> Key<'a> {
    let mut key: Key<'a> = Vec::with_capacity(members.len());
    for (at, member) in members.iter().enumerate() {
        let previous = &members[(at + members.len() - 1) % members.len()];
        key.push((
            target_name(trace, previous.wants),
            target_name(trace, member.wants),
            trace.site_text(member.site),
        ));
    }
    let turned = |by: usize| key[by..].iter().chain(&key[..by]);
    let least = (0..key.len())
        .min_by(|a, b| turned(*a).cmp(turned(*b)))
        .unwrap_or(0);
    key.rotate_left(least);
    members.rotate_left(least);
    key
}

fn finding(trace: &Trace, members: &[Member], key: &Key<'_>, actual: bool) -> Deadlock {
    let cycle = (0..members.len()).map(|at| {
        let member = &members[at];
        let previous = &members[(at + members.len() - 1) % members.len()];
        let hold = held_of(member, previous.wants);
        CycleStep {
            thread: target_name(trace, Target::Thread(member.thread)),
            holds: lock_names(trace, &member.held),
            acquires: target_name(trace, member.wants),
            site: trace.site_text(member.site).to_owned(),
            acquires_shared: member.mode == Mode::Shared,
            holds_since: trace
                .site_text(hold.map_or(SiteId::UNKNOWN, |hold| hold.site))
                .to_owned(),
            holds_shared: hold.is_some_and(|hold| hold.mode == Mode::Shared),
        }
    });
    Deadlock {
        fingerprint: name(trace, members, key),
        actual,
        cycle: cycle.collect(),
    }
}

/// The name of a cycle: of each step the names that the locks have of their
/// own, and the file. It starts at the least of these steps, since which line
/// or element sorts first may change.
fn name(trace: &Trace, members: &[Member], key: &Key<'_>) -> String {
    let own = |target: Target| match target {
        Target::Lock(_) => own_name(&target_name(trace, target)),
        Target::Thread(_) => "thread".to_owned(),
    };
    let mut steps: Vec<[String; 3]> = Vec::with_capacity(members.len());
    for (at, (member, (_, _, site))) in members.iter().zip(key).enumerate() {
        let previous = &members[(at + members.len() - 1) % members.len()];
        steps.push([own(previous.wants), own(member.wants), without_lines(site)]);
    }
    let turned = |by: usize| steps[by..].iter().chain(&steps[..by]);
    let least = (0..steps.len()).min_by(|a, b| turned(*a).cmp(turned(*b)));
    steps.rotate_left(least.unwrap_or(0));
    fingerprint(steps.iter().flatten().map(String::as_str))
}

fn lock_names(trace: &Trace, held: &[Held]) -> Vec<String> {
    held.iter()
        .map(|held| target_name(trace, Target::Lock(held.lock)))
        .collect()
}

/// The latest hold of what is wanted.
fn held_of(member: &Member, wanted: Target) -> Option<&Held> {
    let mut held = member.held.iter();
    held.rfind(|held| Target::Lock(held.lock) == wanted)
}

fn target_name(trace: &Trace, target: Target) -> String {
    match target {
        Target::Lock(id) => {
            let object = trace.objects.get(id.index());
            object.map_or_else(|| "?".to_owned(), |object| object.name.clone())
        }
        Target::Thread(id) => {
            let thread = trace.threads.get(id.index());
            thread.map_or_else(|| "?".to_owned(), |thread| thread.name.clone())
        }
    }
}
