//! Record, `kill -9` at a random moment, read, replay, analyse.
//!
//! The file of a process that was killed must read and replay, hold no acquire
//! without its release, and hold everything that the process had done before
//! it told so. `HBTRACE_KILLS` says how often (40), `HBTRACE_SEED` at which
//! moments (other ones in each run).
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hbtrace_traces::kind::Kind;
use hbtrace_traces::read;
use hbtrace_traces::trace::Trace;

/// Long after this time a program that never records is given up.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn killed_at_any_moment_the_file_reads_and_misses_no_release_no_race() {
    let kills = kills();
    let mut random = seed();
    // Shown where the test fails.
    println!("again with HBTRACE_SEED={random}");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("killed.trace");
    let (mut events, mut told) = (0, 0);
    for _ in 0..kills {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let ends = record_and_kill(&path, Duration::from_micros(random % 40_000));
        let trace = read::open(&path, read::Options::default()).unwrap();
        assert!(!trace.info.complete, "nobody closed it");
        assert_eq!(trace.info.lost_events, 0);
        check_releases(&trace);
        told += check_told(&trace, &ends);
        events += trace.sync_events();
        check_findings(&trace);
    }
    println!("{kills} kills, {events} sync events, {told} holds told and found");
}

/// While it starts there may be no file, or one cut within its header; what
/// reads is lawful.
#[test]
fn killed_while_it_starts_the_file_reads_or_is_cut_within_its_header_no_race() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("killed.trace");
    let deadline = Instant::now() + PATIENCE;
    let (mut step, mut read, mut later) = (0, 0, 0);
    while step < kills() || read == 0 {
        assert!(Instant::now() < deadline, "no file was ever read");
        kill_while_it_starts(&path, Duration::from_micros(100 * step % 5000 + later));
        match opened(&path) {
            Some(trace) => {
                check_releases(&trace);
                check_findings(&trace);
                read += 1;
            }
            // How long it takes to start depends on what else runs.
            None => later += 100,
        }
        step += 1;
    }
    println!("{read} of {step} files read");
}

fn kill_while_it_starts(path: &Path, after: Duration) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_killed"))
        .env("HBTRACE_OUT", path)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
}

/// What is in the file, which is then removed.
fn opened(path: &Path) -> Option<Trace> {
    if !path.exists() {
        return None;
    }
    let trace = match read::open(path, read::Options::default()) {
        Ok(trace) => Some(trace),
        Err(error) => {
            assert!(error.is_not_a_trace(), "{error}");
            None
        }
    };
    std::fs::remove_file(path).unwrap();
    trace
}

/// Any number but 0, of which the moments are made.
fn seed() -> u64 {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let given = std::env::var("HBTRACE_SEED");
    given.map_or_else(
        |_| u64::from(now().subsec_nanos()) | 1,
        |seed| seed.parse().unwrap(),
    )
}

fn kills() -> u64 {
    std::env::var("HBTRACE_KILLS").map_or(40, |kills| kills.parse().unwrap())
}

/// Runs the program, kills it some time after its first line, and returns how
/// many holds each worker had told.
fn record_and_kill(path: &Path, after: Duration) -> HashMap<String, u64> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_killed"))
        .env("HBTRACE_OUT", path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut ends = HashMap::new();
    let first = lines.next().unwrap().unwrap();
    let killer = std::thread::spawn(move || {
        std::thread::sleep(after);
        child.kill().unwrap();
        child.wait().unwrap();
    });
    for line in std::iter::once(Ok(first)).chain(lines) {
        let line = line.unwrap();
        let (worker, holds) = line.split_once(' ').unwrap();
        ends.insert(format!("worker {worker}"), holds.parse().unwrap());
    }
    killer.join().unwrap();
    ends
}

/// No acquire without its release.
fn check_releases(trace: &Trace) {
    let wrong = hbtrace_tests::lawful::unreleased(trace);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the workers told is there.
fn check_told(trace: &Trace, ends: &HashMap<String, u64>) -> u64 {
    for (id, thread) in trace.threads.iter().enumerate() {
        let Some(told) = ends.get(&thread.name) else {
            continue;
        };
        let kinds = trace.streams[id].sync.iter().map(|event| event.kind);
        let ended = kinds.filter(|kind| *kind == Kind::Rel).count() as u64;
        assert!(
            ended >= *told,
            "{} told {told}, {ended} are there",
            thread.name
        );
    }
    let named = trace
        .threads
        .iter()
        .filter(|thread| ends.contains_key(&thread.name));
    assert_eq!(named.count(), ends.len());
    ends.values().sum()
}

/// The program is free of races and deadlocks, however early it ends.
fn check_findings(trace: &Trace) {
    let findings = hbtrace_analyzer::analyze(trace, &hbtrace_analyzer::Options::default());
    assert_eq!(format!("{:?}", findings.races), "[]");
    assert_eq!(format!("{:?}", findings.deadlocks), "[]");
}
