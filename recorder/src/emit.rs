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

use hbtrace_traces::event::{MemoryOrder, NO_NUMBER, SyncEvent};
use hbtrace_traces::format::words;
use hbtrace_traces::id::SiteId;
use hbtrace_traces::kind::Kind;

pub(crate) use crate::event::Event;
use crate::primitive::Mutex;
use crate::session;
use crate::site::Place;
use crate::state::{self, EXHAUSTED, ON, STOPPED, UNDECIDED};
use crate::writer::{self, BriefSlot, NumberSlot};
pub(crate) use crate::writer::{
    brief, brief_load, brief_release, is_off, is_polled, lose_access, lose_sync, stamped,
    stamped_release,
};

/// Whether a mirror has something to say now. One predictable branch when off.
#[inline(always)]
pub(crate) fn recording() -> bool {
    // Two branches on one comparison, which an `Option` would be made into a
    // value for.
    let (off, on) = state::off_or_on();
    if off {
        return false;
    }
    if on {
        return true;
    }
    may_record()
}

/// Whether the session is on. Behind an operation that acquires, this is what
/// tells that whoever released was recorded.
#[inline(always)]
pub(crate) fn is_on() -> bool {
    state::now() == ON
}

/// Neither on nor off. What is not recorded from now on is not recorded by the
/// fast path either.
#[cold]
fn may_record() -> bool {
    match state::now() {
        UNDECIDED => session::decide() == ON,
        EXHAUSTED | STOPPED => {
            writer::shut();
            state::now() == EXHAUSTED
        }
        state => state == ON,
    }
}

/// Records a sync event.
#[inline]
pub(crate) fn sync(mut event: Event) {
    if recording() {
        let _ = writer::sync(&mut event, false);
    }
}

/// Records a sync event if the session is on, and says at which site.
pub(crate) fn sync_at(mut event: Event) -> Option<SiteId> {
    writer::sync(&mut event, false).map(|(_, site)| site)
}

/// Records a sync event whose site is known.
pub(crate) fn sync_known(mut event: SyncEvent, timed: bool) {
    writer::sync_known(&mut event, timed);
}

/// Records a numbered sync event that nothing waits for: as a compact one if it
/// fits. The caller has asked whether anything is [`recording`].
#[inline(always)]
pub(crate) fn quick(
    kind: Kind,
    order: MemoryOrder,
    object: u32,
    number: u64,
    site: impl Into<Place>,
) {
    let site = site.into();
    let bits = words::compact_kind(kind, order, false);
    let second = words::compact_object(object, number);
    if second
        .and_then(|second| brief(bits, second, site, words::same_or_next))
        .is_none()
    {
        timed(kind, order, object, number, site);
    }
}

/// Records a numbered sync event with its time.
#[inline(never)]
pub(crate) fn timed(
    kind: Kind,
    order: MemoryOrder,
    object: u32,
    number: u64,
    site: impl Into<Place>,
) {
    let site = site.into();
    let bits = words::compact_kind(kind, order, false);
    let second = words::compact_object(object, number);
    if second
        .and_then(|second| stamped(bits, second, site))
        .is_none()
    {
        let event = Event::new(kind, object, site).order(order);
        let _ = writer::sync(&mut event.number(number).timed(true), false);
    }
}

/// As [`quick`], for an event whose extra is the same as its number.
#[inline(always)]
pub(crate) fn quick_twice(kind: Kind, object: u32, number: u64, site: impl Into<Place>) {
    let site = site.into();
    let bits = words::compact_kind(kind, MemoryOrder::Relaxed, false) | words::EXTRA_IS_NUMBER;
    let second = words::compact_object(object, number);
    if second
        .and_then(|second| brief(bits, second, site, words::same_or_next))
        .is_none()
    {
        timed_twice(kind, object, number, site);
    }
}

/// As [`timed`], for an event whose extra is the same as its number.
#[inline(never)]
pub(crate) fn timed_twice(kind: Kind, object: u32, number: u64, site: impl Into<Place>) {
    let site = site.into();
    let bits = words::compact_kind(kind, MemoryOrder::Relaxed, false) | words::EXTRA_IS_NUMBER;
    let second = words::compact_object(object, number);
    if second
        .and_then(|second| stamped(bits, second, site))
        .is_none()
    {
        let event = Event::new(kind, object, site).number(number);
        let _ = writer::sync(&mut event.extra(number).timed(true), false);
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

/// A compact event whose number is not known yet.
#[must_use]
#[derive(Clone, Copy)]
pub(crate) struct Brief(BriefSlot);

/// Records an operation on `object` before it happens, with its number missing
/// (`fits`: it will fit a compact event). The caller has asked whether anything
/// is [`recording`].
pub(crate) fn pending(
    kind: Kind,
    order: MemoryOrder,
    object: u32,
    fits: bool,
    site: impl Into<Place>,
) -> Pending {
    let site = site.into();
    let bits = words::compact_kind(kind, order, false);
    let second = words::compact_object(object, NO_NUMBER).filter(|_| fits);
    let stamped = second.and_then(|second| writer::stamped_pending(bits, second, site));
    Pending(stamped.map(NumberSlot::compact).or_else(|| {
        let event = Event::new(kind, object, site).order(order);
        writer::sync(&mut event.timed(true), true).map(|(slot, _)| slot)
    }))
}

/// As [`pending`], of a compact event: its first word's kind, and its object as
/// the second word holds it. `None`: the full path has to.
#[inline(always)]
pub(crate) fn pending_brief(kind: u64, object: u64, site: impl Into<Place>) -> Option<Brief> {
    let site = site.into();
    writer::brief_pending(kind, object | !words::OBJECT_MASK, site).map(Brief)
}

impl Brief {
    /// Fills in the second word, after the operation.
    #[inline(always)]
    pub(crate) fn complete(self, second: u64) {
        self.0.fill(second);
    }
}

impl From<Brief> for Pending {
    fn from(brief: Brief) -> Pending {
        Pending(Some(NumberSlot::compact(brief.0)))
    }
}

impl Pending {
    /// Of an operation that is not recorded.
    pub(crate) fn none() -> Pending {
        Pending(None)
    }

    pub(crate) fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// Fills in the number, after the operation.
    pub(crate) fn complete(self, number: u64) {
        if let Some(slot) = self.0 {
            slot.fill(fitting(slot, number));
        }
    }

    /// Fills in the number of an operation that turned out to be another: a
    /// compare-exchange that failed is a load with its failure ordering. Kind
    /// and order are stored before the number.
    pub(crate) fn complete_as(self, kind: Kind, order: MemoryOrder, number: u64) {
        if let Some(slot) = self.0 {
            slot.fill_as(kind, order, fitting(slot, number));
        }
    }
}

/// The number, if the event can hold it; else the recording ends with one that
/// stays pending: who has so many began it in full.
fn fitting(slot: NumberSlot, number: u64) -> u64 {
    if slot.is_compact() && number >= words::COMPACT_NUMBERS {
        state::exhaust();
        return words::COMPACT_NUMBERS;
    }
    number
}

/// Records a plain access of `len` bytes at `address`: memory of the process,
/// or object space (see [`hbtrace_traces::id::Location`]).
#[inline(always)]
pub(crate) fn access(write: bool, address: u64, len: u64, site: impl Into<Place>) {
    let site = site.into();
    if !writer::access(write, address, len, site) {
        writer::access_full(write, address, len, site);
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
