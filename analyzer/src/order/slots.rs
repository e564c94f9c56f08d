//! Where clocks are published until they are acquired.
//!
//! Slots of a lock, token or semaphore live as long as the walk. A message is
//! dropped once received unless it has a name (only named ones may be received
//! more than once), a receipt once its sender has seen it, and a barrier keeps
//! one generation: replay brings all events of a generation before the next
//! one's. So memory does not grow with the number of messages that have come
//! through.

use hbtrace_traces::event::{NO_NUMBER, NONE, SyncEvent};
use hbtrace_traces::id::ThreadId;
use hbtrace_traces::kind::Slot;
use hbtrace_traces::trace::Trace;
use rustc_hash::FxHashMap;

use crate::clock::VectorClock;

/// Names a slot: which, of what, and which number of it.
type Key = (Slot, u32, u64);

/// A published clock, and the generation it belongs to.
#[derive(Default, Debug)]
struct Published {
    clock: VectorClock,
    generation: u64,
}

/// All slots that hold something.
#[derive(Default, Debug)]
pub(super) struct Slots {
    published: FxHashMap<Key, Published>,
}

impl Slots {
    /// Adds `clock` to the slot that `event` publishes into.
    pub(super) fn release(&mut self, slot: Slot, event: &SyncEvent, clock: &VectorClock) {
        let Some((key, generation)) = released(slot, event) else {
            return;
        };
        let published = self.published.entry(key).or_default();
        if published.generation != generation {
            published.clock.clear();
            published.generation = generation;
        }
        published.clock.join(clock);
    }

    /// Joins into `clock` what `thread`'s `event` acquires, and tells whether
    /// anything was new.
    pub(super) fn acquire(
        &mut self,
        slot: Slot,
        thread: ThreadId,
        event: &SyncEvent,
        clock: &mut VectorClock,
    ) -> bool {
        let Some((key, generation)) = acquired(slot, thread, event) else {
            return false;
        };
        let Some(published) = self.published.get(&key) else {
            return false;
        };
        let news = published.generation == generation && clock.join(&published.clock);
        if is_spent(slot, event) {
            self.published.remove(&key);
        }
        news
    }

    /// Joins the start of `thread`, published by its creation.
    pub(super) fn start(&mut self, thread: ThreadId, clock: &mut VectorClock) -> bool {
        let start = self.published.remove(&(Slot::Start, thread.0, 0));
        start.is_some_and(|published| clock.join(&published.clock))
    }
}

/// Whether nobody can acquire the slot again.
fn is_spent(slot: Slot, event: &SyncEvent) -> bool {
    match slot {
        Slot::Message => event.other == NONE,
        Slot::Receipt | Slot::Token => true,
        _ => false,
    }
}

/// The slot and generation that `event` publishes into.
fn released(slot: Slot, event: &SyncEvent) -> Option<(Key, u64)> {
    match slot {
        Slot::Receipt => numbered(slot, event.object, event.extra),
        _ => shared(slot, event),
    }
}

/// The slot and generation that `event` acquires.
fn acquired(slot: Slot, thread: ThreadId, event: &SyncEvent) -> Option<(Key, u64)> {
    match slot {
        Slot::Receipt => numbered(slot, event.object, event.number),
        Slot::Token => Some(((slot, thread.0, 0), 0)),
        _ => shared(slot, event),
    }
}

/// Slots that are named alike by both sides.
fn shared(slot: Slot, event: &SyncEvent) -> Option<(Key, u64)> {
    match slot {
        Slot::Exclusive | Slot::Shared => Some(((slot, Trace::lock_of(event).0, 0), 0)),
        Slot::Message => numbered(slot, event.object, event.number),
        Slot::Generation if event.number == NO_NUMBER => None,
        Slot::Generation => Some(((slot, event.object, 0), event.number)),
        _ => Some(((slot, event.object, 0), 0)),
    }
}

/// A slot for each number; an operation without one publishes nothing.
fn numbered(slot: Slot, object: u32, number: u64) -> Option<(Key, u64)> {
    (number != NO_NUMBER).then_some(((slot, object, number), 0))
}
