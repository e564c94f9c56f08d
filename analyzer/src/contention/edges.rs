//! Which events of other threads an event comes after.
//!
//! The same slots serve two questions. *When can it have been?* An event is no
//! earlier than what was published into the slots it acquires. *Who ended the
//! wait?* The latest publisher into one of those slots: the last holder out of
//! a lock, the sender of the message, the last to arrive at the barrier, the
//! child that ended. Only condition variables wake without publishing.
//!
//! Replay respects the numbers of every object, so slots simply accumulate in
//! replay order; numbered ones (messages, generations, versions) are kept
//! apart by number.

use hbtrace_traces::event::{NO_NUMBER, SyncEvent};
use hbtrace_traces::id::ThreadId;
use hbtrace_traces::kind::{Effect, Slot};
use hbtrace_traces::trace::Trace;
use rustc_hash::FxHashMap;

/// A place where an event publishes, and where later ones find it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Key {
    /// Accumulating slot of an object: which one, and whose.
    Object(u8, u32),
    /// Slot of a thread: which one, and whose.
    Thread(u8, u32),
    /// Numbered slot of an object.
    Numbered(u8, u32, u64),
    /// Lives of all blocks.
    Life,
}

const EXCLUSIVE: u8 = 0;
const SHARED: u8 = 1;
const ALL: u8 = 2;
const CLOSED: u8 = 3;
const START: u8 = 0;
const END: u8 = 1;
const TOKEN: u8 = 2;
const MESSAGE: u8 = 0;
const RECEIPT: u8 = 1;
const GENERATION: u8 = 2;
const VERSION: u8 = 3;

/// The slot in which a thread finds its creation.
pub(super) fn start_of(thread: ThreadId) -> Key {
    Key::Thread(START, thread.0)
}

/// The slot in which a join finds the thread's end.
pub(super) fn end_of(thread: ThreadId) -> Key {
    Key::Thread(END, thread.0)
}

/// Visits every slot that the event acquires.
pub(super) fn acquired(thread: ThreadId, event: &SyncEvent, mut visit: impl FnMut(Key)) {
    for effect in event.effects() {
        match effect {
            Effect::Acquire(slot) => key(thread, event, *slot, true).map(&mut visit),
            Effect::AtomicLoad => version(event, event.number).map(&mut visit),
            Effect::AtomicRmw => version(event, event.number.wrapping_sub(1)).map(&mut visit),
            _ => None,
        };
    }
}

/// Visits every slot that the event publishes into.
pub(super) fn released(thread: ThreadId, event: &SyncEvent, mut visit: impl FnMut(Key)) {
    for effect in event.effects() {
        match effect {
            Effect::Release(slot) => key(thread, event, *slot, false).map(&mut visit),
            Effect::AtomicStore | Effect::AtomicRmw => version(event, event.number).map(&mut visit),
            _ => None,
        };
    }
}

fn key(thread: ThreadId, event: &SyncEvent, slot: Slot, acquires: bool) -> Option<Key> {
    let object = event.object;
    let lock = Trace::lock_of(event).0;
    Some(match slot {
        Slot::Exclusive => Key::Object(EXCLUSIVE, lock),
        Slot::Shared => Key::Object(SHARED, lock),
        Slot::All | Slot::Permit => Key::Object(ALL, object),
        Slot::Closed => Key::Object(CLOSED, object),
        Slot::Start => Key::Thread(START, object),
        Slot::End => Key::Thread(END, object),
        Slot::Token => Key::Thread(TOKEN, if acquires { thread.0 } else { object }),
        Slot::Message => return numbered(MESSAGE, object, event.number),
        Slot::Receipt if acquires => return numbered(RECEIPT, object, event.number),
        Slot::Receipt => return numbered(RECEIPT, object, event.extra),
        Slot::Generation => return numbered(GENERATION, object, event.number),
        Slot::Life => Key::Life,
    })
}

fn numbered(slot: u8, object: u32, number: u64) -> Option<Key> {
    (number != NO_NUMBER).then_some(Key::Numbered(slot, object, number))
}

/// Version 0 is the initial value, which no event wrote.
fn version(event: &SyncEvent, number: u64) -> Option<Key> {
    let written = number != 0 && event.number != NO_NUMBER;
    written.then_some(Key::Numbered(VERSION, event.object, number))
}

/// One value for every [`Key`].
pub(super) struct Slots<V> {
    empty: V,
    objects: Vec<[V; 4]>,
    threads: Vec<[V; 3]>,
    numbered: FxHashMap<(u8, u32, u64), V>,
    life: V,
}

impl<V: Copy> Slots<V> {
    /// Slots of all objects and threads of `trace`, all of them `empty`.
    pub(super) fn new(trace: &Trace, empty: V) -> Slots<V> {
        Slots {
            empty,
            objects: vec![[empty; 4]; trace.objects.len()],
            threads: vec![[empty; 3]; trace.threads.len()],
            numbered: FxHashMap::default(),
            life: empty,
        }
    }

    /// What stands in the slot.
    pub(super) fn get(&self, key: Key) -> V {
        let found = match key {
            Key::Object(slot, object) => self
                .objects
                .get(object as usize)
                .map(|slots| slots[slot as usize]),
            Key::Thread(slot, thread) => self
                .threads
                .get(thread as usize)
                .map(|slots| slots[slot as usize]),
            Key::Numbered(slot, object, number) => {
                self.numbered.get(&(slot, object, number)).copied()
            }
            Key::Life => Some(self.life),
        };
        found.unwrap_or(self.empty)
    }

    /// Puts `value` into the slot in place of what stood there.
    pub(super) fn set(&mut self, key: Key, value: V) {
        match key {
            Key::Object(slot, object) => {
                if let Some(slots) = self.objects.get_mut(object as usize) {
                    slots[slot as usize] = value;
                }
            }
            Key::Thread(slot, thread) => {
                if let Some(slots) = self.threads.get_mut(thread as usize) {
                    slots[slot as usize] = value;
                }
            }
            Key::Numbered(slot, object, number) => {
                self.numbered.insert((slot, object, number), value);
            }
            Key::Life => self.life = value,
        }
    }
}
