//! Atomics and fences, whose versions are counted by whoever records them.
//!
//! As the mirrors do: a write is told as pending before it is made and
//! completed with its version behind it, a load behind it, and a load that only
//! repeats the thread's last event is left out.

use hbtrace_traces::event::{MemoryOrder, NO_NUMBER, NONE};
use hbtrace_traces::format::words::{compact_kind, compact_object};
use hbtrace_traces::kind::Kind;

use super::Place;
use crate::emit;

/// A write that is recorded and about to be made.
#[must_use]
pub struct Write {
    begun: Begun,
    object: u32,
}

enum Begun {
    Brief(emit::Brief),
    Full(emit::Pending),
}

impl Write {
    /// A store or a read-modify-write of `object`, before it is made.
    #[inline]
    pub fn begin(kind: Kind, order: MemoryOrder, object: u32, place: Place) -> Write {
        let bits = compact_kind(kind, order, false);
        // What the number 0 leaves of a second word is the object.
        let brief =
            compact_object(object, 0).and_then(|object| emit::pending_brief(bits, object, place.0));
        let begun = match brief {
            Some(brief) => Begun::Brief(brief),
            None => Begun::Full(Write::begin_full(kind, order, object, place)),
        };
        Write { begun, object }
    }

    #[cold]
    #[inline(never)]
    fn begin_full(kind: Kind, order: MemoryOrder, object: u32, place: Place) -> emit::Pending {
        match emit::recording() {
            true => emit::pending(kind, order, object, true, place.0),
            false => emit::Pending::none(),
        }
    }

    /// It was made, and this is the version that it wrote.
    #[inline]
    pub fn complete(self, version: u64) {
        let second = compact_object(self.object, version).filter(|_| emit::is_on());
        match (self.begun, second) {
            (Begun::Brief(brief), Some(second)) => brief.complete(second),
            (begun, _) => begun.complete(version),
        }
    }

    /// It was a compare-exchange that failed, and so a load of this version.
    #[cold]
    pub fn complete_as_load(self, order: MemoryOrder, version: u64) {
        // At the end of the session it may have read a write that is not
        // recorded: then it stays pending.
        if emit::is_on() {
            let pending = self.begun.pending();
            pending.complete_as(Kind::Load, order, version);
        } else {
            let _ = emit::recording();
        }
    }

    /// Its version can't be known: it stays pending and counts as lost.
    #[cold]
    pub fn lose(self) {
        emit::lose_sync();
    }
}

impl Begun {
    fn pending(self) -> emit::Pending {
        match self {
            Begun::Brief(brief) => brief.into(),
            Begun::Full(pending) => pending,
        }
    }

    #[cold]
    #[inline(never)]
    fn complete(self, version: u64) {
        self.pending().complete(version);
        // Shuts the fast path at the end of the session.
        let _ = emit::recording();
    }
}

/// A load of `object` that read `version`, behind it.
#[inline]
pub fn load(order: MemoryOrder, object: u32, version: u64, place: Place) {
    let marks = [version, u64::from(object) + 1];
    if emit::is_polled(place.0, order as u8, marks) {
        return;
    }
    let kind = compact_kind(Kind::Load, order, false);
    let second = compact_object(object, version).filter(|_| emit::is_on());
    let told =
        second.and_then(|second| emit::brief_load(kind, second, place.0, order as u8, marks));
    if told.is_none() {
        load_full(order, object, version, place);
    }
}

#[cold]
#[inline(never)]
fn load_full(order: MemoryOrder, object: u32, version: u64, place: Place) {
    if emit::recording() {
        emit::quick(Kind::Load, order, object, version, place.0);
    }
}

/// An atomic fence, behind it.
pub fn fence(order: MemoryOrder, place: Place) {
    if emit::recording() {
        emit::quick(Kind::Fence, order, NONE, NO_NUMBER, place.0);
    }
}

/// Counts an operation that can't be recorded where it is made.
#[cold]
pub fn lose() {
    emit::lose_sync();
}
