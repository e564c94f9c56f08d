//! What a model's threads have recorded, and the laws that hold of it.
//!
//! Loom runs one thread at a time, so the list has the order in which events
//! are stored, and its beginnings are what files hold that are cut at an
//! instant.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hbtrace_traces::event::{NO_NUMBER, SyncEvent};
use hbtrace_traces::format::words::COMPACT_NUMBERS;
use hbtrace_traces::kind::Kind;
use loom::thread::ThreadId;

use crate::primitive::{self, Ordering};
use crate::state;

/// An event of the list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    /// Which thread's, from 0, in the order in which they recorded first.
    pub(crate) thread: u32,
    pub(crate) event: SyncEvent,
    /// How many events the list had when this one was complete.
    pub(crate) complete: usize,
}

#[derive(Default)]
struct Log {
    told: Vec<Told>,
    threads: Vec<ThreadId>,
    /// Threads that have seen the end.
    shut: Vec<u32>,
    /// Threads whose fast path declines.
    declining: Vec<u32>,
    /// Of each thread that loads: the event, and what was loaded.
    polled: Vec<(usize, [u64; 2])>,
    no_room: bool,
    lost: usize,
}

loom::lazy_static! {
    static ref LOG: Mutex<Log> = Mutex::new(Log::default());
    /// Where objects' ids come from.
    pub(crate) static ref NEXT: primitive::Mutex<u32> = primitive::Mutex::new(0);
}

fn log() -> MutexGuard<'static, Log> {
    LOG.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins a recording: the first thing that a model does.
pub(crate) fn begin() {
    drop(log());
    // Relaxed: no thread has started yet.
    state::STATE.store(state::ON, Ordering::Relaxed);
}

/// From now on the calling thread's fast path declines, as with a full chunk.
pub(crate) fn decline() {
    let mut log = log();
    let own = log.thread();
    log.declining.push(own);
}

pub(crate) fn declines() -> bool {
    let mut log = log();
    let own = log.thread();
    log.declining.contains(&own)
}

/// The calling thread's event at `at` is a load of what `marks` say.
pub(crate) fn poll(at: usize, marks: [u64; 2]) {
    log().polled.push((at, marks));
}

/// Whether the calling thread has recorded this load, and nothing but loads
/// since.
pub(crate) fn is_polled(marks: [u64; 2]) -> bool {
    let mut log = log();
    let own = log.thread();
    let is_other = |it: &Told| it.thread == own && it.event.kind != Kind::Load;
    let other = log.told.iter().rposition(is_other);
    let mut polled = log.polled.iter();
    polled.any(|(at, seen)| {
        *seen == marks && log.told[*at].thread == own && other.is_none_or(|other| other < *at)
    })
}

/// From now on the full path finds no room.
pub(crate) fn take_room() {
    log().no_room = true;
}

pub(crate) fn has_no_room() -> bool {
    log().no_room
}

pub(crate) fn lose() {
    log().lost += 1;
}

/// The calling thread's number.
pub(crate) fn thread() -> u32 {
    log().thread()
}

impl Log {
    fn thread(&mut self) -> u32 {
        let own = loom::thread::current().id();
        let known = self.threads.iter().position(|it| *it == own);
        known.unwrap_or_else(|| {
            self.threads.push(own);
            self.threads.len() - 1
        }) as u32
    }
}

pub(crate) fn is_shut() -> bool {
    let mut log = log();
    let own = log.thread();
    log.shut.contains(&own)
}

pub(crate) fn shut() {
    let mut log = log();
    let own = log.thread();
    log.shut.push(own);
}

pub(crate) fn push(event: SyncEvent) -> usize {
    let mut log = log();
    let thread = log.thread();
    let complete = log.told.len();
    log.told.push(Told {
        thread,
        event,
        complete,
    });
    complete
}

pub(crate) fn complete(at: usize, number: u64) {
    assert!(number < COMPACT_NUMBERS, "models are short");
    let mut log = log();
    log.told[at].complete = log.told.len();
    log.told[at].event.number = number;
}

pub(crate) fn become_kind(at: usize, kind: Kind) {
    log().told[at].event.kind = kind;
}

/// All that was recorded.
pub(crate) fn told() -> Vec<Told> {
    log().told.clone()
}

/// How many sync events were counted as lost.
pub(crate) fn lost() -> usize {
    log().lost
}

fn ends_exclusive(it: &SyncEvent, number: u64) -> bool {
    matches!(it.kind, Kind::Rel | Kind::Downgrade) && it.number == number
}

/// Of locks: no acquire stands before the release that it needs.
pub(crate) fn check_holds(told: &[Told]) {
    for (at, Told { event, .. }) in told.iter().enumerate() {
        let before = told[..at].iter().map(|it| &it.event);
        let mut before = before.filter(|it| it.object == event.object);
        let begins = matches!(event.kind, Kind::Acq | Kind::ReadAcq);
        if begins && event.number > 0 {
            let found = before
                .clone()
                .any(|it| ends_exclusive(it, event.number - 1));
            assert!(found, "no release before event {at} of {told:#?}");
        }
        if event.kind == Kind::Acq {
            let of = |kind| {
                let shared = before.clone().filter(move |it| it.kind == kind);
                shared.filter(|it| it.number == event.number).count()
            };
            assert_eq!(
                of(Kind::ReadAcq),
                of(Kind::ReadRel),
                "readers are within at event {at} of {told:#?}"
            );
        }
        if matches!(event.kind, Kind::Rel | Kind::Acq) {
            let twice = before.any(|it| it.kind == event.kind && it.number == event.number);
            assert!(!twice, "event {at} has another one's number: {told:#?}");
        }
    }
}

/// Of atomics whose first value is version `first`: each version is written
/// once, by a write that stands in the list, or is pending there, before all
/// that read it are complete. A thread's last event may be a write that read
/// one that is not there: it began before the session's end and was made after
/// it.
pub(crate) fn check_versions(told: &[Told], first: u64) {
    let writes = |it: &SyncEvent| matches!(it.kind, Kind::Store | Kind::Rmw);
    for (
        at,
        Told {
            event, complete, ..
        },
    ) in told.iter().enumerate()
    {
        let read = match event.kind {
            _ if event.number == NO_NUMBER => continue,
            Kind::Load => event.number,
            Kind::Rmw => event.number - 1,
            Kind::Store => first,
            _ => continue,
        };
        let found = told[..*complete].iter().any(|other| {
            let pending = other.event.number == NO_NUMBER || other.complete > *complete;
            writes(&other.event) && (pending || other.event.number == read)
        });
        let thread = told[at].thread;
        let is_last = !told[at + 1..].iter().any(|it| it.thread == thread);
        let interrupted = event.kind == Kind::Rmw && is_last && state::now() != state::ON;
        let is_there = read == first || found || interrupted;
        assert!(is_there, "what event {at} read is not there: {told:#?}");
        let mut before = told[..at].iter().map(|it| &it.event);
        let twice = writes(event) && before.any(|it| writes(it) && it.number == event.number);
        assert!(!twice, "the version of event {at} is another's: {told:#?}");
    }
}

/// Numbers of the events of a kind, in the order of the list.
pub(crate) fn numbers(kind: Kind) -> Vec<u64> {
    let told = told();
    let of_kind = told.iter().filter(|it| it.event.kind == kind);
    of_kind.map(|it| it.event.number).collect()
}

/// The calling thread's events, in its order.
pub(crate) fn own() -> Vec<SyncEvent> {
    let (own, told) = (thread(), told());
    let events = told.iter().filter(|it| it.thread == own);
    events.map(|it| it.event).collect()
}
