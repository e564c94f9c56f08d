//! Which atomics and channels need their versions and messages told by number
//! when a trace is written as text.
//!
//! A text without names tells them by the order of its lines. Where the order
//! in which a trace is written would tell others, and in recorded traces, each
//! gets its number for a name.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::event::{NO_NUMBER, NONE, SyncEvent};
use crate::kind::{Kind, Operands};
use crate::trace::{Step, Trace};

/// Objects whose versions or messages are numbered.
pub(super) struct Identities {
    numbered: FxHashSet<u32>,
}

/// What the lines so far say about an object.
#[derive(Default)]
struct Seen {
    written: u64,
    received: u64,
}

impl Identities {
    /// Walks a replayed trace.
    pub(super) fn of(trace: &Trace) -> Identities {
        let recorded = !trace.info.imported;
        let mut numbered = FxHashSet::default();
        let mut seen: FxHashMap<u32, Seen> = FxHashMap::default();
        for step in &trace.steps {
            let Step::Sync { thread, index } = *step else {
                continue;
            };
            let event = trace.sync(thread, index);
            if !has_identity(event) || event.number == NO_NUMBER {
                continue;
            }
            let fits = seen.entry(event.object).or_default().fits(event);
            if recorded || !fits {
                numbered.insert(event.object);
            }
        }
        Identities { numbered }
    }

    /// Whether the number of this event's version or message is told.
    pub(super) fn is_numbered(&self, event: &SyncEvent) -> bool {
        has_identity(event) && self.numbered.contains(&event.object)
    }
}

fn has_identity(event: &SyncEvent) -> bool {
    matches!(event.kind.operands(), Operands::Atomic | Operands::Message)
}

impl Seen {
    /// Whether the event, being the next line, says what it should without a
    /// number.
    fn fits(&mut self, event: &SyncEvent) -> bool {
        let named = event.other != NONE;
        match event.kind {
            Kind::Load => named || event.number == self.written,
            Kind::Recv => {
                self.received += 1;
                named || event.number == self.received
            }
            _ => {
                self.written += 1;
                event.number == self.written
            }
        }
    }
}
