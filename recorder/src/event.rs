//! A sync event as a mirror tells it.

use std::panic::Location;

use hbtrace_traces::event::{MemoryOrder, NO_NUMBER, NONE};
use hbtrace_traces::kind::Kind;

/// A sync event to record.
#[derive(Clone, Copy)]
pub(crate) struct Event {
    pub(crate) kind: Kind,
    pub(crate) order: MemoryOrder,
    pub(crate) tried: bool,
    /// It needs a time stamp: it waited, ended a wait, or might have.
    pub(crate) timed: bool,
    pub(crate) object: u32,
    pub(crate) other: u32,
    pub(crate) number: u64,
    pub(crate) extra: u64,
    /// Place among all lives of blocks, 0 for other events.
    pub(crate) stamp: u64,
    pub(crate) site: &'static Location<'static>,
}

impl Event {
    pub(crate) fn new(kind: Kind, object: u32, site: &'static Location<'static>) -> Event {
        Event {
            kind,
            order: MemoryOrder::Relaxed,
            tried: false,
            timed: false,
            object,
            other: NONE,
            number: NO_NUMBER,
            extra: NO_NUMBER,
            stamp: 0,
            site,
        }
    }

    pub(crate) fn number(mut self, number: u64) -> Event {
        self.number = number;
        self
    }

    pub(crate) fn extra(mut self, extra: u64) -> Event {
        self.extra = extra;
        self
    }

    pub(crate) fn other(mut self, other: u32) -> Event {
        self.other = other;
        self
    }

    pub(crate) fn order(mut self, order: MemoryOrder) -> Event {
        self.order = order;
        self
    }

    pub(crate) fn stamp(mut self, stamp: u64) -> Event {
        self.stamp = stamp;
        self
    }

    pub(crate) fn tried(mut self, tried: bool) -> Event {
        self.tried = tried;
        self
    }

    pub(crate) fn timed(mut self, timed: bool) -> Event {
        self.timed = timed;
        self
    }
}
