//! From which instant on a flight recording is whole.
//!
//! A flight recorder recycles the oldest closed chunk of all, so what is left
//! is what happened last: of every thread a suffix of its streams, of one that
//! has long died nothing. The *window* is what happened after the last instant
//! of which something may be gone: the header's `EVICTED_UNTIL`, or the drawing
//! of a thread's first chunk that is there, if it had others before; and a
//! margin ([`SKEW_NS`]), since clocks of different CPUs may disagree.
//!
//! # Why verdicts within the window are those of the whole run
//!
//! A release is written before it takes effect, an acquire after it did, so
//! along every path of happens-before real time does not decrease. A path from
//! one event of the window to another never leaves it, and all that is in the
//! window is in the file. Therefore two events of the window are ordered in
//! what is left if and only if they are ordered in the whole. Of two events of
//! which one lies before, nothing is known: the path may have led through a
//! thread of which nothing is left. Such pairs are not compared.
//!
//! # Which events are in the window
//!
//! An event has no time of its own unless it is stamped. It is known to be in
//! the window
//!
//! 1. if it is stamped within it, or lies in a chunk that was drawn within it,
//!    or comes after such an event in its thread ([`limit`]);
//! 2. if it waited for such an event, as the numbers of objects tell (a take
//!    for the drop before it, a receive for its send), or comes after one that
//!    did. Replay knows: it lets everything go that does not
//!    ([`reach`](crate::replay::reach)).
//!
//! By the second rule the rest is closed: nothing of it comes after anything of
//! the window. It is left out, but for holds and waits that are under way
//! ([`apply`]), and in its place every thread that is not born later has a
//! `cut`, which all of them pass together. From there on it is a trace as any other, whose text has a
//! line `cut` in the same place.
//!
//! What is left out costs findings and never makes any. A hold that is under
//! way at the cut and was taken in a chunk that is gone is known by its end. If
//! it has no end either it is not known; that misses deadlocks in which the lock
//! is wanted, and makes none up by hiding a lock that keeps the others out, as
//! nobody else can have taken a lock that is held all the time.

use rustc_hash::FxHashSet;

use super::chunks::Index;
use super::header::{Header, SKEW_NS};
use super::streams::ThreadStreams;
use super::under_way;
use crate::event::{NO_TIME, SyncEvent};
use crate::kind::{Gate, Kind};
use crate::mapped::Run;
use crate::replay::{self, Limit};
use crate::trace::{AccessStream, Stream, Trace};

/// Where a thread's part of the window begins, as far as its own chunks tell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begin {
    limit: Limit,
    /// Accesses from this position on are in the window.
    accesses: u64,
}

/// Ticks at which the window begins; `None` if it is the whole recording.
pub(super) fn start(header: &Header, index: &Index) -> Option<u64> {
    if !header.is_flight() || header.rewritten() {
        return None;
    }
    let gone = header.evicted_until.max(index.gone_until);
    (gone > 0).then(|| gone.saturating_add(header.ticks_in(SKEW_NS)))
}

/// Where the thread is known to be in the window that begins at `start`.
pub(super) fn begin(thread: &ThreadStreams, start: u64) -> Begin {
    let end = thread.access_words();
    let sync = &thread.sync;
    // Accesses may be gone up to the thread's end, although events are left.
    let run = thread.accesses.iter().find(|run| run.ticks >= start);
    let behind = |run: &Run| sync.iter().position(|event| event.accesses > run.position);
    let drawn = run.map_or(end, |run| run.position);
    let stamped = |event: &SyncEvent| event.time != NO_TIME && event.time >= start;
    let begun = thread.begins.iter().find(|(_, ticks)| *ticks >= start);
    let first = [
        sync.iter().position(stamped),
        begun.map(|(index, _)| *index),
        run.and_then(behind),
    ];
    let first = first.into_iter().flatten().min().unwrap_or(sync.len());
    let accesses = sync.get(first).map_or(end, |event| event.accesses);
    let accesses = accesses.min(drawn);
    Begin {
        limit: Limit {
            sync: first,
            whole: first == sync.len() && accesses >= end,
        },
        accesses,
    }
}

/// Leaves out what lies before the window; `begins` are by thread.
pub(super) fn apply(trace: &mut Trace, begins: &[Begin]) {
    let limits: Vec<Limit> = begins.iter().map(|begin| begin.limit).collect();
    let reached = replay::reach(trace, &limits);
    let streams = trace.streams.iter_mut().zip(&reached);
    let before: Vec<Vec<SyncEvent>> = streams
        .map(|(stream, reached)| {
            let within = stream.sync.split_off(*reached);
            std::mem::replace(&mut stream.sync, within)
        })
        .collect();
    let born = born(trace);
    for (at, before) in before.iter().enumerate() {
        // It begins behind the cut.
        if before.is_empty() && born.contains(&(at as u32)) {
            continue;
        }
        let stream = &mut trace.streams[at];
        let open = under_way::find(before, &stream.sync);
        cut(stream, open, begins[at].accesses);
    }
}

/// The threads whose creation is left.
fn born(trace: &Trace) -> FxHashSet<u32> {
    let events = trace.streams.iter().flat_map(|stream| &stream.sync);
    let forks = events.filter(|event| event.gate() == Gate::Fork);
    forks.map(|event| event.object).collect()
}

/// Begins a thread with what is `open` when it passes the cut, and its accesses
/// with those that are known to be in the window.
fn cut(stream: &mut Stream, open: Vec<SyncEvent>, accesses: u64) {
    let first = stream.sync.first().map(|event| event.accesses);
    let from = first.unwrap_or(accesses).min(accesses);
    if let AccessStream::Mapped(accesses) = &mut stream.accesses {
        accesses.begin_at(from);
    }
    // A thread of which nothing is left passes none.
    if open.is_empty() && stream.sync.is_empty() && from == stream.accesses.end() {
        return;
    }
    let cut = SyncEvent::new(Kind::Cut);
    let events = [cut].into_iter().chain(open).chain([cut]);
    let mut events: Vec<SyncEvent> = events
        .map(|event| SyncEvent {
            accesses: from,
            ..event
        })
        .collect();
    stream.beyond = stream.beyond.min(stream.sync.len());
    events.append(&mut stream.sync);
    stream.sync = events;
}
