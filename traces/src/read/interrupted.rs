//! Operations that the session's end came into.
//!
//! A recorder completes an atomic operation that it had begun before the end,
//! as others may have read what it wrote; it is its thread's last event. A
//! read-modify-write of these may have read a write that came after the end
//! and was not recorded. Then it lies behind the end itself: what orders it
//! is not in the file, and compared with others it could look like a race. So
//! it is left out, and with it whatever of this sort has read from it.
//!
//! Nobody else rests on it: who acquires what it wrote has seen the end too.

use rustc_hash::FxHashMap;

use crate::event::{NO_NUMBER, SyncEvent};
use crate::kind::{Gate, Kind};
use crate::trace::{Stream, Trace};

/// The versions of an atomic that are told of in the trace.
#[derive(Default)]
struct Written {
    versions: Vec<u64>,
    /// There is one whose number is not known.
    pending: bool,
    /// The last one whose event was left out.
    left_out: Option<u64>,
}

impl Written {
    fn add(&mut self, version: u64) {
        match version {
            NO_NUMBER => self.pending = true,
            version => self.versions.push(version),
        }
    }

    /// Whether a version that came after others is not there. Versions before
    /// all that are there may be gone from a flight recording, which says
    /// nothing.
    fn lacks(&self, version: u64, flight: bool) -> bool {
        let has_older = self.versions.first().is_some_and(|first| *first < version);
        let is_there = self.versions.binary_search(&version).is_ok();
        let is_there = is_there && self.left_out != Some(version);
        !is_there && !self.pending && (has_older || !flight)
    }
}

/// Leaves them out of a trace that its recorder closed.
pub(super) fn leave_out(trace: &mut Trace) {
    let last = candidates(trace);
    let mut written = written(trace, &last);
    let flight = trace.info.flight;
    for (object, number, thread) in last {
        let written = written.entry(object).or_default();
        if written.lacks(number - 1, flight) {
            written.left_out = Some(number);
            trace.streams[thread].sync.pop();
        }
    }
}

/// Objects, numbers and threads of the events that may be left out; of an
/// object, each before those that may have read from it.
fn candidates(trace: &Trace) -> Vec<(u32, u64, usize)> {
    let threads = trace.streams.iter().enumerate();
    let mut candidates: Vec<_> = threads
        .filter_map(|(thread, stream)| {
            let event = may_be(stream)?;
            Some((event.object, event.number, thread))
        })
        .collect();
    candidates.sort_unstable();
    candidates
}

/// The thread's last event, if it is one that may be left out: a
/// read-modify-write that has read from another, with nothing behind it.
fn may_be(stream: &Stream) -> Option<&SyncEvent> {
    let event = stream.sync.last()?;
    let reads = event.kind == Kind::Rmw && event.number != NO_NUMBER && event.number > 1;
    (reads && event.accesses >= stream.accesses.end()).then_some(event)
}

/// What is written to the atomics of these events.
fn written(trace: &Trace, last: &[(u32, u64, usize)]) -> FxHashMap<u32, Written> {
    let objects = last.iter().map(|(object, ..)| *object);
    let mut written: FxHashMap<u32, Written> =
        objects.map(|object| (object, Written::default())).collect();
    if written.is_empty() {
        return written;
    }
    for event in trace.streams.iter().flat_map(|stream| &stream.sync) {
        if event.gate() == Gate::Write
            && let Some(written) = written.get_mut(&event.object)
        {
            written.add(event.number);
        }
    }
    for written in written.values_mut() {
        written.versions.sort_unstable();
    }
    written
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::read::round_trip::trace_of;
    use crate::trace::AccessStream;

    fn writes(version: u64) -> Stream {
        let mut event = SyncEvent::new(Kind::Rmw);
        (event.object, event.number) = (0, version);
        Stream {
            sync: vec![event],
            accesses: AccessStream::Owned(Vec::new()),
            slices: Vec::new(),
            beyond: 0,
        }
    }

    #[test]
    fn a_long_chain_is_left_out_at_once_in_any_order() {
        let versions = 2..20_000;
        for streams in [
            versions.clone().map(writes).collect(),
            versions.rev().map(writes).collect(),
        ] {
            let mut trace = trace_of(streams);
            let begun = Instant::now();
            leave_out(&mut trace);
            assert!(begun.elapsed() < Duration::from_secs(10));
            assert_eq!(trace.sync_events(), 0);
        }
    }
}
