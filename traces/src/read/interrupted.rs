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
        !is_there && !self.pending && (has_older || !flight)
    }

    fn remove(&mut self, version: u64) {
        if let Ok(at) = self.versions.binary_search(&version) {
            self.versions.remove(at);
        }
    }
}

/// Leaves them out of a trace that its recorder closed.
pub(super) fn leave_out(trace: &mut Trace) {
    let mut last: Vec<usize> = (0..trace.streams.len())
        .filter(|thread| may_be(&trace.streams[*thread]).is_some())
        .collect();
    let mut written = written(trace, &last);
    let flight = trace.info.flight;
    loop {
        let left = last.len();
        last.retain(|thread| {
            let stream = &mut trace.streams[*thread];
            let Some(event) = may_be(stream) else {
                return false;
            };
            let (object, number) = (event.object, event.number);
            let written = written.entry(object).or_default();
            if !written.lacks(number - 1, flight) {
                return true;
            }
            written.remove(number);
            stream.sync.pop();
            false
        });
        if last.len() == left {
            return;
        }
    }
}

/// The thread's last event, if it is one that may be left out: a
/// read-modify-write that has read from another, with nothing behind it.
fn may_be(stream: &Stream) -> Option<&SyncEvent> {
    let event = stream.sync.last()?;
    let reads = event.kind == Kind::Rmw && event.number != NO_NUMBER && event.number > 1;
    (reads && event.accesses >= stream.accesses.end()).then_some(event)
}

/// What is written to the atomics of these threads' last events.
fn written(trace: &Trace, last: &[usize]) -> FxHashMap<u32, Written> {
    let events = last
        .iter()
        .filter_map(|thread| may_be(&trace.streams[*thread]));
    let mut written: FxHashMap<u32, Written> = events
        .map(|event| (event.object, Written::default()))
        .collect();
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
