//! Labels of stretches: one object for each name.
//!
//! A thread remembers the labels that it met lately by their names, not by the
//! call: one call may bear many names. Only a name that is new to the thread
//! takes the lock that all share.

use std::cell::Cell;
use std::collections::HashMap;

use hbtrace_traces::object::ObjectKind;

use crate::object::Object;
use crate::primitive::{Mutex, lock};
use crate::shared::Shared;
use crate::writer;

/// Labels that a thread remembers.
const SLOTS: usize = 32;

/// A name, which is kept for ever, and its object.
type Label = (&'static str, u32);

thread_local! {
    /// Direct mapped: a name has one slot, which the next one may take. It has
    /// no destructor, so it works from a thread's first moment to its last.
    static REMEMBERED: [Cell<Label>; SLOTS] = const { [const { Cell::new(("", u32::MAX)) }; SLOTS] };
}

/// All labels of the session.
static KNOWN: Mutex<Option<HashMap<&'static str, u32>>> = Mutex::new(None);

/// The object of the label `name`. `None`, counted as a lost event, if nothing
/// is recorded or if this thread is within the recorder.
pub(crate) fn label(name: &str) -> Option<u32> {
    let label = writer::quietly(|shared| {
        REMEMBERED.with(|slots| {
            let slot = &slots[slot_of(name)];
            let (known, object) = slot.get();
            if known == name && object != u32::MAX {
                return object;
            }
            let (known, object) = find(shared, name);
            slot.set((known, object));
            object
        })
    });
    if label.is_none() {
        writer::lose_sync();
    }
    label
}

/// FNV-1a: names are short.
fn slot_of(name: &str) -> usize {
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    (hash ^ hash >> 16) as usize % SLOTS
}

fn find(shared: &Shared, name: &str) -> Label {
    let mut known = lock(&KNOWN);
    let known = known.get_or_insert_default();
    if let Some((name, object)) = known.get_key_value(name) {
        return (*name, *object);
    }
    let object = Object::new().register(shared, ObjectKind::Label, 0, Some(name));
    let name: &'static str = Box::leak(name.into());
    known.insert(name, object);
    (name, object)
}
