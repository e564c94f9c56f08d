//! What every recording holds to, at whatever instant its process died: no
//! acquire without its release, no thread without its creation.

use std::collections::{HashMap, HashSet};

use hbtrace_traces::event::{NO_NUMBER, SyncEvent};
use hbtrace_traces::kind::Kind;
use hbtrace_traces::trace::{Stream, Trace};

/// An object's sequence of numbers, and a number of it.
type Made = ((&'static str, u32), u64);

/// Events that have seen a number which nobody made, one line each.
///
/// Of a flight recording the beginning may be gone: there, only what grows
/// from one to the next is looked at, from the least that somebody made on.
#[must_use]
pub fn unreleased(trace: &Trace) -> Vec<String> {
    let made: HashSet<_> = all(trace).filter_map(made_by).collect();
    let mut least = HashMap::new();
    for (sequence, number) in trace.streams.iter().flat_map(within).filter_map(made_by) {
        let least = least.entry(sequence).or_insert(number);
        *least = (*least).min(number);
    }
    let gone = |(sequence, number): &Made| {
        let grows = matches!(sequence.0, "hold" | "version");
        trace.info.flight && (!grows || least.get(sequence).is_none_or(|least| number < least))
    };
    let mut wrong = Vec::new();
    for event in all(trace) {
        let Some(needs) = needed_by(event).filter(|needs| !gone(needs)) else {
            continue;
        };
        if !made.contains(&needs) && !made.contains(&(needs.0, NO_NUMBER)) {
            let object = trace.objects.get(event.object as usize);
            wrong.push(format!("{event:?} of {object:?} has no release"));
        }
    }
    if !trace.info.flight {
        wrong.extend(unforked(trace));
    }
    wrong
}

fn all(trace: &Trace) -> impl Iterator<Item = &SyncEvent> {
    trace.streams.iter().flat_map(|stream| &stream.sync)
}

/// Events of a thread behind what was under way when the window began.
fn within(stream: &Stream) -> impl Iterator<Item = &SyncEvent> {
    let cut = |event: &SyncEvent| event.kind == Kind::Cut;
    let from = stream.sync.iter().rposition(cut).map_or(0, |at| at + 1);
    stream.sync.iter().skip(from)
}

fn needed_by(event: &SyncEvent) -> Option<Made> {
    let number = event.number;
    if number == NO_NUMBER {
        return None;
    }
    match event.kind {
        Kind::Acq | Kind::ReadAcq if number > 0 => Some((("hold", event.object), number - 1)),
        Kind::Woken if number > 0 => Some((("hold", event.other), number - 1)),
        Kind::Recv => Some((("message", event.object), number)),
        Kind::Depart => Some((("arrival", event.object), number)),
        Kind::WgWait => Some((("done", event.object), number)),
        Kind::Load if number > 0 => Some((("version", event.object), number)),
        Kind::Rmw if number > 1 => Some((("version", event.object), number - 1)),
        _ => None,
    }
}

fn made_by(event: &SyncEvent) -> Option<Made> {
    let sequence = match event.kind {
        Kind::Rel | Kind::Downgrade => ("hold", event.object),
        Kind::Wait => ("hold", event.other),
        Kind::Send => ("message", event.object),
        Kind::Arrive => ("arrival", event.object),
        Kind::WgDone => ("done", event.object),
        // One that was under way has no number yet.
        Kind::Store | Kind::Rmw => ("version", event.object),
        _ => return None,
    };
    Some((sequence, event.number))
}

fn unforked(trace: &Trace) -> impl Iterator<Item = String> {
    let forked: HashSet<_> = all(trace)
        .filter(|event| event.kind == Kind::Fork)
        .map(|event| event.object)
        .collect();
    let threads = trace.threads.iter().enumerate();
    threads.filter_map(move |(id, thread)| {
        let first = thread.os_id == trace.info.pid || thread.foreign;
        (!first && !forked.contains(&(id as u32))).then(|| format!("{thread:?} was not forked"))
    })
}
