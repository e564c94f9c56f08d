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

use hbtrace_traces::event::MemoryOrder;
use hbtrace_traces::kind::Kind;

pub(crate) use crate::event::Event;
use crate::primitive::Mutex;
use crate::session::{self, EXHAUSTED, ON, UNDECIDED};
use crate::stream::NumberSlot;
use crate::writer;
pub(crate) use crate::writer::{lose_access, lose_sync};

/// Whether a mirror has something to say now. One predictable branch when off.
#[inline]
pub(crate) fn recording() -> bool {
    let state = session::state();
    state <= EXHAUSTED && (state != UNDECIDED || session::decide() == ON)
}

/// Records a sync event.
#[inline]
pub(crate) fn sync(mut event: Event) {
    if recording() {
        let _ = writer::sync(&mut event, false);
    }
}

/// Records a sync event whose number is what `counter` comes to with `step`
/// more. Whoever sees the count finds the events of all steps in the file.
pub(crate) fn sync_counted(mut event: Event, counter: &Mutex<u64>, step: u64) {
    if recording() {
        writer::sync_counted(&mut event, counter, step);
    }
}

/// An event whose number is not known yet.
#[must_use]
pub(crate) struct Pending(Option<NumberSlot>);

/// Records a sync event before its operation, with its number missing.
#[inline]
pub(crate) fn pending(mut event: Event) -> Pending {
    Pending(match recording() {
        true => writer::sync(&mut event, true),
        false => None,
    })
}

impl Pending {
    /// Fills in the number, after the operation.
    #[inline]
    pub(crate) fn complete(self, number: u64) {
        if let Some(slot) = self.0 {
            slot.fill(number);
        }
    }

    /// Fills in the number of an operation that turned out to be another: a
    /// compare-exchange that failed is a load with its failure ordering. Kind
    /// and order are stored before the number.
    pub(crate) fn complete_as(self, kind: Kind, order: MemoryOrder, number: u64) {
        if let Some(slot) = self.0 {
            slot.fill_as(kind, order, number);
        }
    }
}

/// Records a plain access of `len` bytes at `address`: memory of the process,
/// or object space (see [`hbtrace_traces::id::Location`]).
#[inline]
pub(crate) fn access(write: bool, address: u64, len: u64, site: &'static Location<'static>) {
    if session::state() == ON {
        writer::access(write, address, len, site);
    } else if recording() {
        access_unless_exhausted(write, address, len, site);
    }
}

/// The process's first event, or one after the session's exhaustion.
#[cold]
fn access_unless_exhausted(write: bool, address: u64, len: u64, site: &'static Location<'static>) {
    match session::state() {
        ON => writer::access(write, address, len, site),
        _ => writer::lose_access(),
    }
}

/// This thread's id in the trace.
pub(crate) fn thread() -> u32 {
    writer::thread()
}

/// The id of a thread that is about to be created.
pub(crate) fn new_thread() -> Option<u32> {
    writer::quietly(|shared| shared.next_thread())
}

/// Begins the recording of this new thread under the id that its parent drew.
pub(crate) fn adopt(thread: u32) {
    writer::adopt(thread);
}
