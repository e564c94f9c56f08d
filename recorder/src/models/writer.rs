//! The store of the models: what threads write goes to a list, in the order in
//! which it is stored, and not to chunks of a file.
//!
//! It stands in for `writer` and has its functions. As there, the fast path
//! looks at nothing but its thread's cursor: it goes on until the thread has
//! seen the end, or declines where the model [wants it to](log::decline).

use hbtrace_traces::event::{MemoryOrder, SyncEvent};
use hbtrace_traces::format::words::{
    COMPACT_NUMBERS, OBJECT_BITS, compact_site, decode_sync, site_of_compact,
};
use hbtrace_traces::id::SiteId;
use hbtrace_traces::kind::Kind;

use super::log;
use crate::event::Event;
use crate::primitive::{Mutex, lock};
use crate::shared::Shared;
use crate::site::Place;
use crate::state;

/// The site of all events.
const SITE: SiteId = SiteId(1);

/// A pending event: which of the list.
#[derive(Clone, Copy)]
pub(crate) struct NumberSlot {
    at: usize,
    compact: bool,
}

/// A pending compact event: which of the list.
#[derive(Clone, Copy)]
pub(crate) struct BriefSlot(usize);

impl BriefSlot {
    pub(crate) fn fill(self, second: u64) {
        log::complete(self.0, second >> OBJECT_BITS);
    }
}

impl NumberSlot {
    pub(crate) fn compact(brief: BriefSlot) -> NumberSlot {
        NumberSlot {
            at: brief.0,
            compact: true,
        }
    }

    pub(crate) fn is_compact(self) -> bool {
        self.compact
    }

    pub(crate) fn fill(self, number: u64) {
        if !(self.compact && number == COMPACT_NUMBERS) {
            log::complete(self.at, number);
        }
    }

    pub(crate) fn fill_as(self, kind: Kind, _: MemoryOrder, number: u64) {
        log::become_kind(self.at, kind);
        self.fill(number);
    }
}

/// One of several accesses that are told at once.
#[derive(Clone, Copy)]
pub(crate) struct Access {
    pub(crate) write: bool,
    pub(crate) address: u64,
    pub(crate) len: u64,
    pub(crate) place: Place,
}

pub(crate) fn is_off() -> bool {
    false
}

/// Accesses are in no model.
pub(crate) fn access(_: bool, _: u64, _: u64, _: Place) -> bool {
    true
}

pub(crate) fn access_full(_: bool, _: u64, _: u64, _: Place) {}

pub(crate) fn accesses<const N: usize>(_: &[Access; N]) -> bool {
    true
}

fn compact(kind: u64, second: u64) -> Option<usize> {
    if log::is_shut() || log::declines() {
        return None;
    }
    let words = [kind | compact_site(SITE), second];
    let decoded = decode_sync(&words, None).expect("mirrors make lawful words");
    Some(log::push(decoded.event))
}

/// Words are not left out here.
pub(crate) fn brief(
    kind: u64,
    second: u64,
    _: Place,
    _: impl Fn(u64, u64) -> Option<u64>,
) -> Option<u64> {
    compact(kind, second).map(|_| compact_site(SITE))
}

/// Unlike the real one, this remembers each load at once.
pub(crate) fn is_polled(_: Place, _: u8, marks: [u64; 2]) -> bool {
    log::is_polled(marks)
}

pub(crate) fn brief_load(kind: u64, second: u64, _: Place, _: u8, marks: [u64; 2]) -> Option<()> {
    compact(kind, second).map(|at| log::poll(at, marks))
}

pub(crate) fn brief_release(kind: u64, second: u64, site: u64) -> bool {
    assert_eq!(site_of_compact(site), SITE, "an acquire told it");
    compact(kind, second).is_some()
}

pub(crate) fn brief_pending(kind: u64, second: u64, _: Place) -> Option<BriefSlot> {
    compact(kind, second).map(BriefSlot)
}

/// With a time, which no model has.
pub(crate) fn stamped(kind: u64, second: u64, _: Place) -> Option<u64> {
    compact(kind, second).map(|_| compact_site(SITE))
}

pub(crate) fn stamped_release(kind: u64, second: u64, site: u64) -> bool {
    brief_release(kind, second, site)
}

pub(crate) fn stamped_pending(kind: u64, second: u64, place: Place) -> Option<BriefSlot> {
    brief_pending(kind, second, place)
}

/// The full path: it looks at the session's state, and finds no room if the
/// model wants that, which exhausts the session.
fn full(event: SyncEvent) -> Option<NumberSlot> {
    if state::now() != state::ON {
        shut();
        return None;
    }
    if log::has_no_room() {
        state::exhaust();
        shut();
        return None;
    }
    Some(NumberSlot {
        at: log::push(event),
        compact: false,
    })
}

pub(crate) fn sync(event: &mut Event, _: bool) -> Option<(NumberSlot, SiteId)> {
    full(event.sync).map(|slot| (slot, SITE))
}

pub(crate) fn sync_known(event: &mut SyncEvent, _: bool) {
    let _ = full(*event);
}

pub(crate) fn sync_counted(event: &mut Event, counter: &Mutex<u64>, step: u64) {
    let mut count = lock(counter);
    *count += step;
    event.sync.number = *count;
    let _ = full(event.sync);
}

pub(crate) fn adopt(_: u32) {}

pub(crate) fn lose_access() {}

pub(crate) fn lose_sync() {
    log::lose();
}

/// There is no table to write to.
pub(crate) fn quietly<R>(_: impl FnOnce(&'static Shared) -> R) -> Option<R> {
    None
}

/// The thread has seen the end.
pub(crate) fn shut() {
    if matches!(state::now(), state::EXHAUSTED | state::STOPPED) {
        log::shut();
    }
}

pub(crate) fn thread() -> u32 {
    log::thread()
}
