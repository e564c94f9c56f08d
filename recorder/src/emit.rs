//! How mirrors say what happened: the one door into the trace.
//!
//! Mirrors call these functions and nothing else of the engine. All of them
//! are cheap and do nothing where no session records.
//!
//! **Order.** Numbers come from the object (see the table of operands in
//! [`hbtrace_traces::kind`]), and are drawn so that the file, cut at any
//! instant, holds no acquire without its release: a release is emitted
//! *before* the operation that lets others see it, an acquire *after* it.
//! Where number and operation move together (atomics), the event is
//! [`pending`] before the operation and [completed](Pending::complete) after.
//!
//! **Time.** By default only events that ask for it ([`Event::timed`]) and an
//! occasional other one are stamped.

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

/// Whether this thread records now. One predictable branch when off.
#[inline]
pub(crate) fn recording() -> bool {
    false
}

/// Records a sync event.
pub(crate) fn sync(_event: Event) {}

/// An event whose number is not known yet.
#[must_use]
pub(crate) struct Pending;

/// Records a sync event before its operation, with its number missing.
pub(crate) fn pending(_event: Event) -> Pending {
    Pending
}

impl Pending {
    /// Fills in the number, after the operation.
    pub(crate) fn complete(self, _number: u64) {}

    /// Fills in the number of an operation that turned out to be another: a
    /// compare-exchange that failed is a load with its failure ordering. Kind
    /// and order are stored before the number.
    pub(crate) fn complete_as(self, _kind: Kind, _order: MemoryOrder, _number: u64) {}
}

/// Records a plain access of `len` bytes at `address`: memory of the process,
/// or object space (see [`hbtrace_traces::id::Location`]).
#[inline]
pub(crate) fn access(_write: bool, _address: u64, _len: u64, _site: &'static Location<'static>) {}

/// This thread's id in the trace.
pub(crate) fn thread() -> u32 {
    0
}
