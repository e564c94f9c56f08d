//! The accesses of a step, each with its place in the order.

use hbtrace_traces::event::AccessKind;
use hbtrace_traces::id::{Location, SiteId, ThreadId};
use hbtrace_traces::trace::{Step, Trace};

use crate::clock::VectorClock;
use crate::order::Mark;

/// Where an event stands in replay order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Place {
    /// Index of the step.
    pub(super) step: u32,
    /// Position in the thread's access stream, 0 for a sync event.
    pub(super) position: u64,
}

/// An access to memory, plain or by a sync event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Event {
    pub(super) thread: ThreadId,
    pub(super) epoch: u32,
    pub(super) site: SiteId,
    pub(super) kind: AccessKind,
    pub(super) location: Location,
    pub(super) place: Place,
}

/// An access, with what its thread knows.
#[derive(Debug)]
pub(super) struct Visit<'a> {
    pub(super) event: Event,
    pub(super) clock: &'a VectorClock,
}

impl Event {
    /// Whether the two conflict: by different threads, on common bytes, one a
    /// write, and not both atomic on the same bytes.
    pub(super) fn conflicts(&self, other: &Event) -> bool {
        self.thread != other.thread
            && (self.kind.writes() || other.kind.writes())
            && self.location.overlaps(other.location)
            && !(self.kind.is_atomic() && other.kind.is_atomic() && self.location == other.location)
    }
}

impl Visit<'_> {
    /// Whether `earlier`, which comes before in replay order, races with this.
    pub(super) fn races_with(&self, earlier: &Event) -> bool {
        self.event.conflicts(earlier) && self.is_unordered(earlier.thread, earlier.epoch)
    }

    /// Whether an event that `thread` made in `epoch`, and that comes before
    /// in replay order, does not happen before this.
    pub(super) fn is_unordered(&self, thread: ThreadId, epoch: u32) -> bool {
        thread != self.event.thread && epoch > self.clock.get(thread)
    }
}

/// Visits the accesses of the step that `mark` is about.
pub(super) fn visit(trace: &Trace, mark: &Mark, mut see: impl FnMut(&Visit<'_>)) {
    let mut show = |thread, access: hbtrace_traces::event::Access, position| {
        see(&Visit {
            event: Event {
                thread,
                epoch: mark.epoch,
                site: access.site,
                kind: access.kind,
                location: access.location,
                place: Place {
                    step: mark.step,
                    position,
                },
            },
            clock: &mark.clock,
        });
    };
    match trace.steps[mark.step as usize] {
        Step::Accesses { thread, from, to } => {
            trace.accesses(thread, from..to, |position, access| {
                show(thread, access, position);
            });
        }
        Step::Sync { thread, index } => {
            if let Some(access) = trace.access_of(thread, index) {
                show(thread, access, 0);
            }
        }
    }
}
