//! Replay: what each gate lets through, and what is done about gaps.

use std::path::Path;

use hbtrace_traces::error::Error;
use hbtrace_traces::event::{MemoryOrder, SyncEvent};
use hbtrace_traces::kind::Kind;
use hbtrace_traces::replay::replay;
use hbtrace_traces::text;
use hbtrace_traces::trace::{AccessStream, Info, Step, Stream, Thread, Trace};

fn parse(text: &str) -> Trace {
    let parsed = text::parse(Path::new("t.std"), text.as_bytes(), Default::default());
    parsed.unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Lines in replay order.
fn lines(text: &str) -> Vec<u64> {
    let trace = parse(text);
    let line = |step: &Step| match *step {
        Step::Sync { thread, index } => trace.sync(thread, index).stamp,
        Step::Accesses { thread, from, .. } => {
            let slices = &trace.streams[thread.index()].slices;
            slices
                .iter()
                .rfind(|slice| slice.from <= from)
                .map_or(0, |slice| slice.stamp)
        }
    };
    trace.steps.iter().map(line).collect()
}

/// An event without a place in any observed order.
fn event(kind: Kind, object: u32, number: u64) -> SyncEvent {
    SyncEvent {
        object,
        number,
        order: MemoryOrder::AcqRel,
        ..SyncEvent::new(kind)
    }
}

fn relaxed(kind: Kind, object: u32, number: u64) -> SyncEvent {
    SyncEvent {
        order: MemoryOrder::Relaxed,
        ..event(kind, object, number)
    }
}

fn trace(threads: &[&[SyncEvent]], complete: bool) -> Trace {
    let stream = |sync: &&[SyncEvent]| Stream {
        sync: sync.to_vec(),
        accesses: AccessStream::Owned(Vec::new()),
        slices: Vec::new(),
        beyond: 0,
    };
    Trace {
        info: Info {
            complete,
            ..Info::default()
        },
        threads: (0..threads.len())
            .map(|id| Thread {
                name: format!("T{id}"),
                ..Thread::default()
            })
            .collect(),
        objects: Vec::new(),
        sites: Vec::new(),
        streams: threads.iter().map(stream).collect(),
        steps: Vec::new(),
    }
}

/// The order as thread and index.
fn order(threads: &[&[SyncEvent]]) -> Result<Vec<(u32, u32)>, Error> {
    let mut trace = trace(threads, true);
    replay(&mut trace)?;
    let step = |step: &Step| match *step {
        Step::Sync { thread, index } => (thread.0, index),
        Step::Accesses { thread, .. } => (thread.0, u32::MAX),
    };
    Ok(trace.steps.iter().map(step).collect())
}

#[test]
fn accesses_are_split_where_others_stood_between() {
    assert_eq!(
        lines("A|w(x)\nA|w(y)\nB|w(x)\nA|w(x)\nA|acq(l)\nA|w(x)"),
        [1, 3, 4, 5, 6]
    );
}

#[test]
fn an_acquire_load_waits_for_its_version_and_a_relaxed_one_does_not() {
    assert_eq!(
        lines("A|load(x,acquire,v)\nA|w(y)\nB|store(x,release,v)"),
        [3, 1, 2]
    );
    assert_eq!(
        lines("A|load(x,relaxed,v)\nA|w(y)\nB|store(x,release,v)"),
        [1, 2, 3]
    );
    let fenced = "A|load(x,relaxed,v)\nA|fence(acquire)\nA|w(y)\nB|w(z)\nB|store(x,release,v)";
    assert_eq!(lines(fenced), [1, 4, 5, 2, 3]);
}

#[test]
fn what_waits_across_a_cut_goes_before_it() {
    let text = "A|chan(c,0)\nA|send(c)\nA|sent(c)\nA|w(x)\nB|cut\nB|recv(c)\nB|w(x)";
    assert_eq!(lines(text), [1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn numbers_alone_order_holds() {
    let found = order(&[
        &[
            event(Kind::Acq, 0, 1),
            event(Kind::Rel, 0, 1),
            event(Kind::ReadAcq, 0, 2),
        ],
        &[event(Kind::ReadAcq, 0, 0), event(Kind::ReadRel, 0, 0)],
        &[event(Kind::Acq, 0, 0), event(Kind::Rel, 0, 0)],
        &[event(Kind::ReadAcq, 0, 1), event(Kind::ReadRel, 0, 1)],
    ]);
    let found = found.expect("an order");
    let expected = [
        (1, 0),
        (1, 1),
        (2, 0),
        (2, 1),
        (3, 0),
        (3, 1),
        (0, 0),
        (0, 1),
        (0, 2),
    ];
    assert_eq!(found, expected);
}

#[test]
fn threads_start_after_their_fork_and_are_joined_after_their_end() {
    let found = order(&[
        &[
            event(Kind::ThreadBegin, u32::MAX, 0),
            event(Kind::ThreadEnd, u32::MAX, 0),
        ],
        &[
            event(Kind::Fork, 0, 0),
            event(Kind::Fork, 2, 0),
            event(Kind::Join, 0, 0),
            event(Kind::Join, 2, 0),
        ],
        &[],
    ]);
    assert_eq!(
        found.expect("an order"),
        [(1, 0), (1, 1), (0, 0), (0, 1), (1, 2), (1, 3)]
    );
}

#[test]
fn ranks_far_apart_take_no_memory() {
    let found = order(&[
        &[
            event(Kind::Acq, 0, u64::MAX / 4),
            event(Kind::Rel, 0, u64::MAX / 4),
        ],
        &[event(Kind::Acq, 0, 7), event(Kind::Rel, 0, 7)],
    ]);
    assert_eq!(found.expect("an order"), [(1, 0), (1, 1), (0, 0), (0, 1)]);
}

#[test]
fn relaxed_stores_that_agree_on_no_order_still_go() {
    let found = order(&[
        &[relaxed(Kind::Store, 0, 2), relaxed(Kind::Store, 1, 1)],
        &[relaxed(Kind::Store, 1, 2), relaxed(Kind::Store, 0, 1)],
    ]);
    assert_eq!(found.expect("an order").len(), 4);
}

#[test]
fn what_is_not_in_a_whole_trace_is_impossible() {
    for wrong in [
        event(Kind::Recv, 0, 1),
        event(Kind::Sent, 0, 1),
        event(Kind::Load, 0, 3),
        relaxed(Kind::Load, 0, 3),
        event(Kind::Depart, 0, 0),
        event(Kind::OnceGet, 0, 0),
        event(Kind::SemWait, 0, 1),
        event(Kind::Park, u32::MAX, 1),
        event(Kind::Join, 7, 0),
    ] {
        let error = order(&[&[event(Kind::Span, 0, 0), wrong]]).expect_err("impossible");
        let message = error.to_string();
        assert!(error.is_impossible(), "{message}");
        assert!(message.contains("as event 2 of thread T0"), "{message}");
        assert!(message.contains("not in the trace"), "{message}");
        let mut partial = trace(&[&[wrong]], false);
        replay(&mut partial).expect("it may be missing");
        assert_eq!((partial.steps.len(), partial.info.warnings.len()), (1, 0));
    }
}

#[test]
fn threads_that_wait_for_each_other_are_impossible() {
    let first = [event(Kind::Recv, 0, 1), event(Kind::Send, 1, 1)];
    let second = [event(Kind::Recv, 1, 1), event(Kind::Send, 0, 1)];
    let error = order(&[&first, &second]).expect_err("a circle");
    assert!(
        error.to_string().contains("as event 1 of thread T0"),
        "{error}"
    );
}

#[test]
fn an_incomplete_trace_ends_where_it_gets_stuck_and_says_so() {
    let first = [
        event(Kind::Span, 5, 0),
        event(Kind::Recv, 0, 1),
        event(Kind::Send, 1, 1),
    ];
    let second = [event(Kind::Recv, 1, 1), event(Kind::Send, 0, 1)];
    let mut trace = trace(&[&first, &second], false);
    replay(&mut trace).expect("it ends there");
    assert_eq!(trace.steps.len(), 1);
    assert_eq!(
        (trace.streams[0].sync.len(), trace.streams[1].sync.len()),
        (1, 0)
    );
    assert!(
        trace.info.warnings[0].contains("4 sync events behind a gap"),
        "{:?}",
        trace.info.warnings
    );
}
