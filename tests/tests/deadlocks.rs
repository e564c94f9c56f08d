//! Deadlocks of recorded programs: those that could happen, and those that
//! did, read from the file of the process that has locked up.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use hbtrace_analyzer::finding::{Deadlock, Findings};
use hbtrace_analyzer::{Options, analyze};
use hbtrace_traces::read;

/// Far longer than any of the programs needs.
const PATIENCE: Duration = Duration::from_secs(60);

fn start(program: &str, trace: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_deadlocks"))
        .arg(program)
        .env("HBTRACE_OUT", trace)
        .spawn()
        .unwrap()
}

fn findings(trace: &Path) -> Findings {
    let trace = read::open(trace, read::Options::default()).unwrap();
    analyze(&trace, &Options::default())
}

/// Records a program that ends.
fn record(program: &str) -> Findings {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("run.trace");
    assert!(start(program, &trace).wait().unwrap().success());
    let findings = findings(&trace);
    assert!(findings.trace.complete);
    findings
}

/// Records a program that locks up, until the file shows a deadlock.
fn record_locked_up(program: &str) -> Findings {
    record_until(program, |findings| !findings.deadlocks.is_empty())
}

/// Records a program until the file shows what is awaited; then kills it and
/// reads the file again.
fn record_until(program: &str, shows: fn(&Findings) -> bool) -> Findings {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("run.trace");
    let mut child = start(program, &trace);
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let options = read::Options::default();
        let shown = read::open(&trace, options)
            .is_ok_and(|trace| shows(&analyze(&trace, &Options::default())));
        if shown {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    findings(&trace)
}

/// What each thread holds and wants.
fn steps(deadlock: &Deadlock) -> Vec<(String, String)> {
    let steps = deadlock.cycle.iter();
    steps
        .map(|step| (step.holds.join(","), step.acquires.clone()))
        .collect()
}

fn pairs(steps: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs = steps.iter();
    pairs
        .map(|(holds, wants)| ((*holds).to_owned(), (*wants).to_owned()))
        .collect()
}

#[test]
fn inversion_that_did_not_fire_deadlock() {
    let findings = record("inversion");
    assert_eq!(findings.deadlocks.len(), 1);
    let deadlock = &findings.deadlocks[0];
    assert!(!deadlock.actual);
    assert_eq!(steps(deadlock), pairs(&[("a", "b"), ("b", "a")]));
    for step in &deadlock.cycle {
        let line = |site: &str| site.split(':').nth(1).unwrap().parse::<u32>().unwrap();
        assert!(
            step.site.starts_with("tests/src/bin/deadlocks.rs:"),
            "{}",
            step.site
        );
        assert_eq!(line(&step.site), line(&step.holds_since) + 1);
    }
}

#[test]
fn orders_that_can_not_meet_no_deadlock() {
    for program in ["guarded", "joined", "tried", "readers"] {
        assert!(record(program).deadlocks.is_empty(), "{program}");
    }
}

#[test]
fn threads_that_wait_for_each_other_deadlock() {
    let findings = record_locked_up("locked_up");
    assert!(!findings.trace.complete);
    assert_eq!(findings.deadlocks.len(), 1);
    assert!(findings.deadlocks[0].actual);
    assert_eq!(
        steps(&findings.deadlocks[0]),
        pairs(&[("a", "b"), ("b", "a")])
    );
}

#[test]
fn lock_taken_twice_deadlock() {
    let findings = record_locked_up("own_lock");
    assert_eq!(findings.deadlocks.len(), 1);
    assert!(findings.deadlocks[0].actual);
    assert_eq!(steps(&findings.deadlocks[0]), pairs(&[("a", "a")]));
}

#[test]
fn join_of_a_thread_that_wants_the_lock_deadlock() {
    let findings = record_locked_up("join");
    assert_eq!(findings.deadlocks.len(), 1);
    let deadlock = &findings.deadlocks[0];
    assert!(deadlock.actual);
    let main = deadlock
        .cycle
        .iter()
        .find(|step| step.thread == "main")
        .unwrap();
    let other = deadlock
        .cycle
        .iter()
        .find(|step| step.thread != "main")
        .unwrap();
    assert_eq!(
        (main.holds.join(","), &main.acquires),
        ("a".to_owned(), &other.thread)
    );
    assert_eq!((other.holds.len(), other.acquires.as_str()), (0, "a"));
}

#[test]
fn threads_that_wait_for_what_never_comes_no_deadlock() {
    let findings = record_until("abandoned", |findings| findings.waits_at_end.len() == 5);
    assert!(findings.deadlocks.is_empty());
    let mut waits: Vec<_> = findings
        .waits_at_end
        .iter()
        .map(|wait| {
            let file = "tests/src/bin/deadlocks.rs:";
            assert!(
                wait.site.starts_with(file) && wait.since_ns.is_some(),
                "{wait:?}"
            );
            let holds = wait.holds.join(",");
            let names = [&wait.thread, &wait.kind, &wait.object, &holds];
            names.map(String::clone)
        })
        .collect();
    waits.sort();
    let expected = [
        ["main", "channel", "answers", "state"],
        ["met", "barrier", "phase", ""],
        ["notified", "condvar", "due", ""],
        ["parked", "thread", "parked", ""],
        ["sender", "channel", "jobs", ""],
    ];
    assert_eq!(waits, expected);
}
