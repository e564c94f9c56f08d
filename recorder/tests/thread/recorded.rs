//! What threads record, against the truth: runs tests of this program again
//! with recording switched on, and reads what they recorded.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hbtrace_recorder::thread;
use hbtrace_traces::event::SyncEvent;
use hbtrace_traces::id::ThreadId;
use hbtrace_traces::kind::Kind;
use hbtrace_traces::read;
use hbtrace_traces::trace::{Step, Trace};

/// Runs the tests whose names contain `filter` and opens what they recorded.
fn record(filter: &str, more: &[&str]) -> Trace {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.trace");
    let output = Command::new(std::env::current_exe().unwrap())
        .arg(filter)
        .args(more)
        .env("HBTRACE_OUT", &path)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(
        !text.contains("running 0 tests"),
        "no test is called {filter}"
    );
    let trace = read::open(&path, read::Options::default()).unwrap();
    assert!(trace.info.complete);
    assert_eq!(trace.info.lost_events, 0);
    trace
}

/// The sync events of the trace in replay order, each with its thread.
fn events(trace: &Trace) -> Vec<(ThreadId, &SyncEvent)> {
    let step = |step: &Step| match *step {
        Step::Sync { thread, index } => Some((thread, trace.sync(thread, index))),
        Step::Accesses { .. } => None,
    };
    trace.steps.iter().filter_map(step).collect()
}

fn of(trace: &Trace, kind: Kind) -> Vec<(ThreadId, &SyncEvent)> {
    let mut events = events(trace);
    events.retain(|(_, event)| event.kind == kind);
    events
}

#[test]
fn the_mirror_passes_its_tests_while_it_records() {
    let trace = record("of_the_mirror", &[]);
    assert!(of(&trace, Kind::Fork).len() > 15);
}

const TURNS: u64 = 2000;

/// Tells a number, as a write of an address.
fn tell(value: u64) {
    let address = (1 << 40 | value << 3) as usize;
    hbtrace_recorder::write(std::ptr::without_provenance::<u8>(address), 8);
}

/// Under strict alternation a park consumes what the other has just given.
#[test]
fn park_work() {
    let given = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&given);
    let parent = thread::current();
    let sleeper = thread::spawn(move || {
        let mut last = 0;
        while last < TURNS {
            thread::park();
            let now = seen.load(Ordering::SeqCst);
            if now > last {
                last = now;
                tell(now);
                parent.unpark();
            }
        }
    });
    for turn in 1..=TURNS {
        given.store(turn, Ordering::SeqCst);
        sleeper.thread().unpark();
        // Its answer, not a token that somebody left.
        thread::park();
    }
    sleeper.join().unwrap();
}

#[test]
fn a_park_consumes_the_unparks_so_far() {
    let trace = record("recorded::park_work", &["--exact"]);
    let parks = of(&trace, Kind::Park);
    let sleeper = parks.iter().map(|(thread, _)| thread).max().unwrap();
    let mut truth = Vec::new();
    for step in &trace.steps {
        if let Step::Accesses { thread, from, to } = *step {
            trace.accesses(thread, from..to, |_, access| {
                truth.push(access.location.start >> 3 & 0xffff_ffff);
            });
        }
    }
    let numbers = parks.iter().filter(|(thread, _)| thread == sleeper);
    let numbers: Vec<u64> = numbers.map(|(_, event)| event.number).collect();
    assert_eq!(truth, (1..=TURNS).collect::<Vec<_>>());
    assert_eq!(numbers, truth);
}

#[test]
fn tree_work() {
    fn grow(depth: u32) -> u64 {
        if depth == 0 {
            return 1;
        }
        let left = thread::spawn(move || grow(depth - 1));
        let right = thread::scope(|scope| scope.spawn(|| grow(depth - 1)).join().unwrap());
        left.join().unwrap() + right
    }
    assert_eq!(grow(6), 64);
}

#[test]
fn every_thread_lies_between_its_fork_and_its_join() {
    let trace = record("recorded::tree_work", &["--exact"]);
    // The test's own thread is not the mirror's.
    let foreign: Vec<bool> = trace.threads.iter().map(|thread| thread.foreign).collect();
    assert_eq!(foreign.len(), 127);
    assert_eq!(foreign.iter().filter(|foreign| **foreign).count(), 1);
    let forks = of(&trace, Kind::Fork);
    assert_eq!(forks.len(), 126);
    assert_eq!(of(&trace, Kind::Join).len(), 126);
    assert_eq!(of(&trace, Kind::WgWait).len(), 63);
    let events = events(&trace);
    let place = |kind: Kind, object: u32| {
        let same =
            |(_, event): &(ThreadId, &SyncEvent)| event.kind == kind && event.object == object;
        events.iter().position(same).unwrap()
    };
    for (_, fork) in forks {
        let own = |(thread, _): &(ThreadId, &SyncEvent)| thread.0 == fork.object;
        let first = events.iter().position(own).unwrap();
        let last = events.iter().rposition(own).unwrap();
        assert_eq!(events[first].1.kind, Kind::ThreadBegin);
        assert_eq!(events[last].1.kind, Kind::ThreadEnd);
        assert!(place(Kind::Fork, fork.object) < first);
        assert!(last < place(Kind::Join, fork.object));
    }
}

#[test]
fn scope_work() {
    for threads in 0..20_u64 {
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| ());
            }
        });
    }
}

#[test]
fn a_scope_waits_for_all_its_threads() {
    let trace = record("recorded::scope_work", &["--exact"]);
    let waits = of(&trace, Kind::WgWait);
    let counts: Vec<u64> = waits.iter().map(|(_, event)| event.number).collect();
    assert_eq!(counts, (1..20).collect::<Vec<_>>());
    assert_eq!(of(&trace, Kind::WgDone).len(), 190);
}

/// Tells its place when it is dropped.
struct Tells(u64);

impl Drop for Tells {
    fn drop(&mut self) {
        tell(self.0);
    }
}

/// The values of the first two are dropped by nobody but their threads.
#[test]
fn value_work() {
    thread::scope(|scope| {
        scope.spawn(|| Tells(1));
        scope.spawn(|| Tells(2));
        let joined = scope.spawn(|| Tells(3)).join();
        drop(joined);
    });
    tell(1);
    tell(2);
}

/// Where in replay order a thread tells.
fn tells(trace: &Trace) -> Vec<(usize, ThreadId, u64)> {
    let mut tells = Vec::new();
    for (at, step) in trace.steps.iter().enumerate() {
        if let Step::Accesses { thread, from, to } = *step {
            trace.accesses(thread, from..to, |_, access| {
                tells.push((at, thread, access.location.start >> 3 & 0xffff_ffff));
            });
        }
    }
    tells
}

#[test]
fn a_scope_waits_for_the_drop_of_a_value_that_nobody_joined_no_race() {
    let trace = record("recorded::value_work", &["--exact"]);
    // Each thread's end, and two of the three values.
    assert_eq!(of(&trace, Kind::WgDone).len(), 5);
    let (waiter, wait) = of(&trace, Kind::WgWait)[0];
    assert_eq!(wait.number, 5);
    for (at, thread, _) in tells(&trace) {
        let done = |step: &Step| {
            matches!(*step, Step::Sync { thread: by, index }
                if by == thread && trace.sync(by, index).kind == Kind::WgDone)
        };
        let follows = trace.steps[at..].iter().any(done);
        assert!(follows || thread == waiter, "{thread:?} tells unordered");
    }
}
