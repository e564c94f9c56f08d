//! A sync event as a mirror tells it.

use hbtrace_traces::event::{MemoryOrder, SyncEvent};
use hbtrace_traces::kind::Kind;

use crate::site::Place;

/// A sync event to record.
#[derive(Clone, Copy)]
pub(crate) struct Event {
    /// The event but for its site and time, which the writer fills in, so that
    /// nothing is copied on its way into the file.
    pub(crate) sync: SyncEvent,
    /// It needs a time stamp: it waited, ended a wait, or might have.
    pub(crate) timed: bool,
    pub(crate) site: Place,
}

impl Event {
    #[inline]
    pub(crate) fn new(kind: Kind, object: u32, site: impl Into<Place>) -> Event {
        let mut sync = SyncEvent::new(kind);
        sync.object = object;
        Event {
            sync,
            timed: false,
            site: site.into(),
        }
    }

    #[inline]
    pub(crate) fn number(mut self, number: u64) -> Event {
        self.sync.number = number;
        self
    }

    #[inline]
    pub(crate) fn extra(mut self, extra: u64) -> Event {
        self.sync.extra = extra;
        self
    }

    #[inline]
    pub(crate) fn other(mut self, other: u32) -> Event {
        self.sync.other = other;
        self
    }

    #[inline]
    pub(crate) fn order(mut self, order: MemoryOrder) -> Event {
        self.sync.order = order;
        self
    }

    /// Place among all lives of blocks.
    #[inline]
    pub(crate) fn stamp(mut self, stamp: u64) -> Event {
        self.sync.stamp = stamp;
        self
    }

    #[inline]
    pub(crate) fn tried(mut self, tried: bool) -> Event {
        self.sync.tried = tried;
        self
    }

    #[inline]
    pub(crate) fn timed(mut self, timed: bool) -> Event {
        self.timed = timed;
        self
    }
}
