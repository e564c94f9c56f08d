//! A small model of a flight recorder: the same execution as a stream, of which
//! everything is there, and as a flight recording, of which the chunks that
//! were closed first are gone.
//!
//! The execution is a text trace, whose order of lines stands for real time:
//! one line a millisecond. Every thread has a clock that is off by up to 45
//! microseconds, chunks end after a few events, and only some events are
//! stamped.

pub mod evict;
mod file;
mod recorder;

use hbtrace_traces::event::NONE;
use hbtrace_traces::kind::Kind;
use hbtrace_traces::trace::{AccessStream, Step, Trace};

use crate::generate::Random;

/// An execution, recorded both ways.
#[derive(Debug)]
pub struct Recording {
    /// The file with everything in it.
    pub stream: Vec<u8>,
    /// The file of which chunks were recycled.
    pub flight: Vec<u8>,
    /// The line at which the last of those was closed, 0 if none was: what
    /// came after it is there.
    pub gone_until: usize,
    /// By line, from 1: whether it is known to be in the window, as the format
    /// defines it by stamps and chunks alone.
    pub known: Vec<bool>,
}

/// What a line does.
#[derive(Clone, Copy, Debug)]
enum Item {
    Sync(usize),
    Access(u64),
}

/// Records the text trace; `None` if no recorder could have seen it so: a text
/// may have cuts, drops of what another thread holds, loads above the stores
/// that they read, and sends that have completed above their receives.
#[must_use]
pub fn record(trace: &Trace, random: &mut Random) -> Option<Recording> {
    let lines = lines(trace);
    is_observable(trace, &lines).then(|| recorder::record(trace, &lines, random))
}

/// Thread and item of every line that has one.
fn lines(trace: &Trace) -> Vec<Option<(usize, Item)>> {
    let mut lines = Vec::new();
    let mut put = |line: u64, thread, item| {
        let line = line as usize;
        lines.resize(lines.len().max(line + 1), None);
        lines[line] = Some((thread, item));
    };
    for (thread, stream) in trace.streams.iter().enumerate() {
        for (index, event) in stream.sync.iter().enumerate() {
            put(event.stamp, thread, Item::Sync(index));
        }
        let AccessStream::Owned(accesses) = &stream.accesses else {
            continue;
        };
        for (at, slice) in stream.slices.iter().enumerate() {
            let next = stream.slices.get(at + 1).map(|slice| slice.from);
            for position in slice.from..next.unwrap_or(accesses.len() as u64) {
                let line = slice.stamp + position - slice.from;
                put(line, thread, Item::Access(position));
            }
        }
    }
    lines
}

fn is_observable(trace: &Trace, lines: &[Option<(usize, Item)>]) -> bool {
    let mut written = std::collections::BTreeSet::new();
    for (thread, item) in lines.iter().flatten() {
        let Item::Sync(index) = *item else { continue };
        let event = trace.streams[*thread].sync[index];
        match event.kind {
            Kind::Cut => return false,
            Kind::Rel if event.other != NONE => return false,
            Kind::Store | Kind::Rmw => {
                written.insert((event.object, event.number));
            }
            Kind::Load if event.number > 0 && !written.contains(&(event.object, event.number)) => {
                return false;
            }
            _ => {}
        }
    }
    let stamp = |step: &Step| match *step {
        Step::Sync { thread, index } => Some(trace.sync(thread, index).stamp),
        Step::Accesses { .. } => None,
    };
    trace.steps.iter().filter_map(stamp).is_sorted()
}
