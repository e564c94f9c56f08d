//! A session that is stopped while threads are in the middle of atomics: what
//! was recorded until then reads, replays and has its verdict.

// A test's own steps may fail it.
#![allow(clippy::unwrap_used)]

use hbtrace_analyzer::{Options, analyze};
use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use hbtrace_recorder::thread;

static DATA: [Tracked<u64>; 2] = [const { Tracked::new(0) }; 2];
static TURN: AtomicU64 = AtomicU64::new(0);
static NOISE: AtomicU64 = AtomicU64::new(0);

/// Two threads take turns by an atomic, and count what they did in another.
fn take_turns(own: u64, stop: &std::sync::atomic::AtomicBool) {
    // Not recorded: the end is not part of the program.
    while !stop.load(std::sync::atomic::Ordering::Relaxed) {
        NOISE.fetch_add(1, Ordering::Relaxed);
        if TURN.load(Ordering::Acquire) % 2 == own {
            DATA[0].update(|count| count + 1);
            DATA[1].update(|count| count + 1);
            TURN.fetch_add(1, Ordering::Release);
        } else {
            thread::yield_now();
        }
    }
}

#[test]
fn what_was_recorded_until_the_stop_is_whole_no_race() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("stopped.trace");
    let session = hbtrace_recorder::record(&path).start().unwrap();
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let threads: Vec<_> = (0..2)
        .map(|own| {
            let stop = std::sync::Arc::clone(&stop);
            thread::spawn(move || take_turns(own, &stop))
        })
        .collect();
    let enough = AtomicBool::new(false);
    while !enough.load(Ordering::Relaxed) {
        enough.store(TURN.load(Ordering::Relaxed) > 50, Ordering::Relaxed);
        thread::yield_now();
    }
    session.stop();
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    for thread in threads {
        thread.join().unwrap();
    }
    let trace = hbtrace_traces::read::open(&path, Default::default()).unwrap();
    assert!(trace.info.complete && trace.info.lost_events == 0);
    let findings = analyze(&trace, &Options::default());
    assert!(findings.races.is_empty(), "{:#?}", findings.races);
}
