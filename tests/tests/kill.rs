//! Record, `kill -9` at a random moment, read, replay, analyse.
//!
//! The file of a process that was killed must read and replay, hold no acquire
//! without its release, and hold everything that the process had done before
//! it told so. `HBTRACE_KILLS` says how often (40), `HBTRACE_SEED` at which
//! moments (other ones in each run).
#![allow(clippy::unwrap_used)]

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hbtrace_traces::event::{NO_NUMBER, SyncEvent};
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

fn all(trace: &Trace) -> impl Iterator<Item = &SyncEvent> {
    trace.streams.iter().flat_map(|stream| &stream.sync)
}

/// Every number that an event has seen must have been made by another.
fn check_releases(trace: &Trace) {
    let made: HashSet<_> = all(trace)
        .filter_map(|event| Some((made_by(event)?, event.number)))
        .collect();
    for event in all(trace).filter(|event| event.number != NO_NUMBER) {
        let object = trace.objects.get(event.object as usize);
        let needs = match event.kind {
            Kind::Acq | Kind::ReadAcq if event.number > 0 => {
                (("hold", event.object), event.number - 1)
            }
            Kind::Woken if event.number > 0 => (("hold", event.other), event.number - 1),
            Kind::Recv => (("message", event.object), event.number),
            Kind::Depart => (("arrival", event.object), event.number),
            Kind::WgWait => (("done", event.object), event.number),
            Kind::Load if event.number > 0 => (("version", event.object), event.number),
            Kind::Rmw if event.number > 1 => (("version", event.object), event.number - 1),
            _ => continue,
        };
        let known = made.contains(&needs) || made.contains(&(needs.0, NO_NUMBER));
        assert!(known, "{event:?} of {object:?} has no release");
    }
    let forked: HashSet<_> = all(trace)
        .filter(|event| event.kind == Kind::Fork)
        .map(|event| event.object)
        .collect();
    for (id, thread) in trace.threads.iter().enumerate() {
        let first = thread.os_id == trace.info.pid;
        assert!(
            first || forked.contains(&(id as u32)),
            "{thread:?} was not forked"
        );
    }
}

fn made_by(event: &SyncEvent) -> Option<(&'static str, u32)> {
    match event.kind {
        Kind::Rel | Kind::Downgrade => Some(("hold", event.object)),
        Kind::Wait => Some(("hold", event.other)),
        Kind::Send => Some(("message", event.object)),
        Kind::Arrive => Some(("arrival", event.object)),
        Kind::WgDone => Some(("done", event.object)),
        // One that was under way has no number yet.
        Kind::Store | Kind::Rmw => Some(("version", event.object)),
        _ => None,
    }
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
