//! What each value of an atomic carries: release sequences, by version.
//!
//! The writes of an atomic are numbered from 1; version 0 is its first value.
//! A version carries the clock that a reader acquires:
//!
//! - a store carries the writer's clock if it releases, otherwise the clock of
//!   the writer's last release fence, or nothing;
//! - a read-modify-write carries that *and* what the version before it
//!   carries, which is how a release sequence goes on; a store ends it.
//!
//! Replay brings writes in the order of their versions wherever that is
//! possible, but relaxed stores to several atomics may not agree on an order.
//! So a read-modify-write may be met before the version it read. Its version
//! is then *open* and resolved when somebody reads it. The version of a write
//! that was still pending when the process died is not known: a version that
//! no known write has may be any of those, and carries what all of them do.
//!
//! Only what can still be read is kept: the last version of each atomic, those
//! that a load yet to come has read, and those out of order.

use std::sync::Arc;

use hbtrace_traces::event::NO_NUMBER;
use hbtrace_traces::kind::Effect;
use hbtrace_traces::trace::Trace;
use rustc_hash::FxHashMap;

use crate::clock::VectorClock;

/// A clock that several versions and threads may share; `None` knows nothing.
pub(super) type Carried = Option<Arc<VectorClock>>;

/// What a written version carries.
#[derive(Clone, Debug)]
struct Version {
    carried: Carried,
    /// It continues the sequence of this version, which was not written yet;
    /// what lies between is in `carried`.
    open: Option<u64>,
    /// Kept for read-modify-writes yet to come, not only for loads.
    pinned: bool,
}

/// An atomic's versions.
#[derive(Default, Debug)]
struct Atomic {
    last: Option<(u64, Version)>,
    kept: FxHashMap<u64, Version>,
    pending: VectorClock,
}

/// All atomics.
#[derive(Debug)]
pub(super) struct Atomics {
    atomics: FxHashMap<u32, Atomic>,
    /// Loads yet to come, by object and version.
    loads: FxHashMap<(u32, u64), u32>,
}

impl Atomics {
    /// Counts the loads of the trace, so that versions can be dropped after
    /// the last one.
    pub(super) fn new(trace: &Trace) -> Atomics {
        let mut loads: FxHashMap<(u32, u64), u32> = FxHashMap::default();
        for event in trace.streams.iter().flat_map(|stream| &stream.sync) {
            if event.effects().contains(&Effect::AtomicLoad) && event.number != NO_NUMBER {
                *loads.entry((event.object, event.number)).or_default() += 1;
            }
        }
        Atomics {
            atomics: FxHashMap::default(),
            loads,
        }
    }

    /// Joins what `version` of `object` carries into `clock`; `None` if that
    /// is not known yet, else whether anything was new.
    pub(super) fn load(
        &mut self,
        object: u32,
        version: u64,
        clock: &mut VectorClock,
    ) -> Option<bool> {
        let carried = self.carried(object, version)?;
        Some(carried.is_some_and(|carried| clock.join(&carried)))
    }

    /// Joins what is known of a version that is not known in full, and gives
    /// the one that the rest rests on: itself, if it was not written yet.
    pub(super) fn load_open(&mut self, object: u32, version: u64, clock: &mut VectorClock) -> u64 {
        let atomic = self.atomics.get(&object);
        let Some(written) = atomic.and_then(|atomic| atomic.get(version)) else {
            return version;
        };
        if let Some(carried) = &written.carried {
            clock.join(carried);
        }
        written.open.unwrap_or(version)
    }

    /// What `version` carries, or `None` if that is not known yet.
    fn carried(&mut self, object: u32, version: u64) -> Option<Carried> {
        if version == 0 || version == NO_NUMBER {
            return Some(None);
        }
        self.atomics.get_mut(&object)?.carried(version)
    }

    /// Joins what `version` carries as far as that will ever be known: all
    /// events that it could rest on have been replayed.
    pub(super) fn settle(&mut self, object: u32, version: u64, clock: &mut VectorClock) -> bool {
        let Some(atomic) = self.atomics.get_mut(&object) else {
            return false;
        };
        atomic.settle(version, clock)
    }

    /// Records that `version` was written, with `own` published by its writer;
    /// `continues` if it is a read-modify-write.
    pub(super) fn write(&mut self, object: u32, version: u64, own: Carried, continues: bool) {
        let atomic = self.atomics.entry(object).or_default();
        if version == NO_NUMBER {
            atomic.add_pending(own, continues);
            return;
        }
        let written = match version.saturating_sub(1) {
            before if continues && before > 0 => atomic.continued(before, own),
            _ => Version::closed(own),
        };
        let last = atomic.last.as_ref().map_or(0, |(last, _)| *last);
        let wanted = self.loads.contains_key(&(object, last));
        atomic.push(version, written, wanted);
    }

    /// A load of `version` has been seen; after the last, it may go.
    pub(super) fn forget_load(&mut self, object: u32, version: u64) {
        let Some(left) = self.loads.get_mut(&(object, version)) else {
            return;
        };
        *left -= 1;
        if *left > 0 {
            return;
        }
        self.loads.remove(&(object, version));
        if let Some(atomic) = self.atomics.get_mut(&object) {
            atomic.drop_version(version);
        }
    }
}

impl Version {
    fn closed(carried: Carried) -> Version {
        Version {
            carried,
            open: None,
            pinned: false,
        }
    }
}

impl Atomic {
    fn get(&self, version: u64) -> Option<&Version> {
        match &self.last {
            Some((last, written)) if *last == version => Some(written),
            _ => self.kept.get(&version),
        }
    }

    /// A version that continues the sequence of `before`, with `own` published
    /// by its writer.
    fn continued(&mut self, before: u64, own: Carried) -> Version {
        if let Some(carried) = self.carried(before) {
            return Version::closed(joined(own, carried));
        }
        let (carried, open) = match self.get(before) {
            Some(written) => (joined(own, written.carried.clone()), written.open),
            None => (own, None),
        };
        Version {
            carried,
            open: open.or(Some(before)),
            pinned: false,
        }
    }

    /// What `version` carries, if it and all it continues were written.
    fn carried(&mut self, version: u64) -> Option<Carried> {
        let mut open = Vec::new();
        let mut at = version;
        let mut carried = loop {
            let written = self.get(at)?;
            let Some(before) = written.open else {
                break written.carried.clone();
            };
            open.push(at);
            at = before;
        };
        for at in open.into_iter().rev() {
            let own = self.get(at).and_then(|written| written.carried.clone());
            carried = joined(own, carried);
            self.close(at, &carried);
        }
        Some(carried)
    }

    /// Like [`carried`](Atomic::carried), where a missing version is one of
    /// the pending writes.
    fn settle(&mut self, version: u64, clock: &mut VectorClock) -> bool {
        let mut news = false;
        let mut at = version;
        while at > 0 {
            let Some(written) = self.get(at) else {
                return clock.join(&self.pending) || news;
            };
            if let Some(carried) = &written.carried {
                news |= clock.join(carried);
            }
            let Some(before) = written.open else {
                break;
            };
            at = before;
        }
        news
    }

    fn close(&mut self, version: u64, carried: &Carried) {
        let written = match &mut self.last {
            Some((last, written)) if *last == version => Some(written),
            _ => self.kept.get_mut(&version),
        };
        if let Some(written) = written {
            written.carried = carried.clone();
            written.open = None;
        }
    }

    /// Adds a version. The last one before it is kept if a load yet to come
    /// has read it (`wanted`), or if an open version may continue it: one that
    /// is not the next.
    fn push(&mut self, version: u64, mut written: Version, wanted: bool) {
        let last = self.last.as_ref().map_or(0, |(last, _)| *last);
        if version < last {
            written.pinned = true;
            self.kept.insert(version, written);
            return;
        }
        let Some((last, mut before)) = self.last.replace((version, written)) else {
            return;
        };
        before.pinned |= version != last + 1;
        if before.pinned || wanted {
            self.kept.insert(last, before);
        }
    }

    /// Drops a version that no load will read, unless a read-modify-write may
    /// still continue it.
    fn drop_version(&mut self, version: u64) {
        if self.kept.get(&version).is_some_and(|kept| !kept.pinned) {
            self.kept.remove(&version);
        }
    }

    fn add_pending(&mut self, own: Carried, continues: bool) {
        let before = match &self.last {
            Some((_, last)) if continues => last.carried.clone(),
            _ => None,
        };
        for carried in [own, before].into_iter().flatten() {
            self.pending.join(&carried);
        }
    }
}

/// The join of two carried clocks.
fn joined(one: Carried, other: Carried) -> Carried {
    match (one, other) {
        (Some(mut one), Some(other)) => {
            if !Arc::ptr_eq(&one, &other) {
                Arc::make_mut(&mut one).join(&other);
            }
            Some(one)
        }
        (one, other) => one.or(other),
    }
}
