//! Acquisitions of a lock by a thread that holds others, grouped.
//!
//! Acquisitions of one thread that look alike (same locks held since the same
//! places, same lock wanted at the same place) form one [`Acquisition`] with
//! the [`Moment`]s at which it happened. Moments between which the thread's
//! clock did not change are one, so a group grows with the messages that its
//! thread received and sent and not with the length of the trace.
//!
//! An acquisition that could not have blocked (`try_lock`) is none: it holds
//! afterwards, but never wants. A request that is still open at the end of the
//! trace is one.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use hbtrace_traces::event::SyncEvent;
use hbtrace_traces::id::{ObjectId, SiteId, ThreadId};
use hbtrace_traces::kind::{Effect, Mode};
use hbtrace_traces::trace::{Step, Trace};

use super::Target;
use super::held_sets::{HeldSet, HeldSets};
use super::wait::{Wait, Waits};
use crate::held::{Held, HeldLocks};
use crate::order::{Clocks, Moment, Order};

/// A group of acquisitions that look alike.
pub(super) struct Acquisition {
    pub(super) thread: ThreadId,
    /// Locks held.
    pub(super) held: HeldSet,
    pub(super) wanted: ObjectId,
    pub(super) mode: Mode,
    pub(super) site: SiteId,
    /// In program order.
    pub(super) moments: Vec<Moment>,
}

/// What was collected.
pub(super) struct Acquisitions {
    /// In the order of their first acquisition in the replayed trace.
    pub(super) groups: Vec<Acquisition>,
    pub(super) sets: HeldSets,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Group {
    thread: ThreadId,
    held: HeldSet,
    wanted: ObjectId,
    mode: Mode,
    site: SiteId,
}

struct Collector<'a> {
    trace: &'a Trace,
    /// Locks that only one thread takes keep nobody out.
    shared: FxHashSet<ObjectId>,
    sets: HeldSets,
    sites: FxHashMap<&'a str, SiteId>,
    groups: FxHashMap<Group, usize>,
    acquisitions: Vec<Acquisition>,
}

/// All groups of acquisitions that can be part of a deadlock.
pub(super) fn collect(trace: &Trace) -> Acquisitions {
    let mut collector = Collector {
        trace,
        shared: shared_locks(trace),
        sets: HeldSets::new(trace.threads.len()),
        sites: FxHashMap::default(),
        groups: FxHashMap::default(),
        acquisitions: Vec::new(),
    };
    let mut clocks = Clocks::new(trace, Order::WithoutLocks);
    let mut held = HeldLocks::new(trace.threads.len());
    let mut waits = Waits::new(trace.threads.len());
    let mut waits_since = FxHashMap::default();
    for step in &trace.steps {
        let epoch = clocks.step(*step);
        let Step::Sync { thread, index } = *step else {
            continue;
        };
        let event = trace.sync(thread, index);
        let before = held.of(thread);
        if !before.is_empty() && !trace.is_beyond(thread, index) && wants(event) {
            let moment = clocks.moment(*step, epoch);
            if event.effects().contains(&Effect::WaitBegin) {
                waits_since.insert(thread, moment.clone());
            }
            collector.step(event, before, moment);
        }
        held.step(thread, event);
        waits.step(thread, index, event);
    }
    let sure = |(thread, wait): &(ThreadId, Wait)| !trace.is_beyond(*thread, wait.index);
    for (thread, wait) in waits.open().filter(sure) {
        let since = waits_since.remove(&thread);
        if let (Target::Lock(lock), Some(moment)) = (wait.target, since) {
            let site = trace.sync(thread, wait.index).site;
            let wanted = (lock, wait.mode, site);
            collector.add(held.of(thread), wanted, moment);
        }
    }
    Acquisitions {
        groups: collector.acquisitions,
        sets: collector.sets,
    }
}

/// Locks that more than one thread takes or waits for.
fn shared_locks(trace: &Trace) -> FxHashSet<ObjectId> {
    let mut first = FxHashMap::default();
    let mut shared = FxHashSet::default();
    let threads = (0..).map(ThreadId).zip(&trace.streams);
    for (thread, stream) in threads {
        let asks = |effect: &Effect| matches!(effect, Effect::Take(_) | Effect::WaitBegin);
        let events = stream.sync.iter();
        for event in events.filter(|event| event.effects().iter().any(asks)) {
            for lock in [Trace::lock_of(event), event.object_id()] {
                if *first.entry(lock).or_insert(thread) != thread {
                    shared.insert(lock);
                }
            }
        }
    }
    shared
}

/// Whether the event is or may become an acquisition that can block.
fn wants(event: &SyncEvent) -> bool {
    event.effects().iter().any(|effect| match effect {
        Effect::Take(_) => !event.tried,
        Effect::WaitBegin => true,
        _ => false,
    })
}

impl Collector<'_> {
    fn step(&mut self, event: &SyncEvent, held: &[Held], moment: Moment) {
        for effect in event.effects() {
            if let Effect::Take(mode) = effect {
                let wanted = (Trace::lock_of(event), *mode, event.site);
                self.add(held, wanted, moment.clone());
            }
        }
    }

    fn add(
        &mut self,
        held: &[Held],
        (wanted, mode, site): (ObjectId, Mode, SiteId),
        moment: Moment,
    ) {
        if !self.shared.contains(&wanted) {
            return;
        }
        let Some(held) = self.sets.intern(moment.thread, held) else {
            return;
        };
        let group = Group {
            thread: moment.thread,
            held,
            wanted,
            mode,
            site: self.site(site),
        };
        let next = self.acquisitions.len();
        let at = *self.groups.entry(group).or_insert(next);
        if at == next {
            self.acquisitions.push(Acquisition {
                thread: moment.thread,
                held,
                wanted,
                mode,
                site: group.site,
                moments: Vec::new(),
            });
        }
        let moments = &mut self.acquisitions[at].moments;
        let is_new =
            |last: &Moment| last.epoch != moment.epoch || !Arc::ptr_eq(&last.clock, &moment.clock);
        if moments.last().is_none_or(is_new) {
            moments.push(moment);
        }
    }

    /// The first id that has the same text: a place in the source may have
    /// several addresses.
    fn site(&mut self, site: SiteId) -> SiteId {
        let trace = self.trace;
        *self.sites.entry(trace.site_text(site)).or_insert(site)
    }
}
