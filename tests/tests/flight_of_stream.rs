//! A real recording, made as a stream, and the flight recordings that the same
//! execution would have left: what those find the stream finds too.
//!
//! `HBTRACE_FLIGHTS` says how many are looked at (4).

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]
#![allow(clippy::print_stdout, reason = "figures for whoever asks for them")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use hbtrace_analyzer::finding::Findings;
use hbtrace_analyzer::{Options, analyze};
use hbtrace_tests::flight::evict;
use hbtrace_tests::generate::Random;
use hbtrace_traces::read;
use hbtrace_traces::trace::Trace;

/// A run that is killed, with a race or without.
fn record(path: &Path, races: bool) -> Vec<u8> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_killed"));
    command
        .env("HBTRACE_OUT", path)
        .env("HBTRACE_TIME", "all")
        .stdout(Stdio::piped());
    if races {
        command.env("HBTRACE_RACES", "1");
    }
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    lines.read_line(&mut String::new()).unwrap();
    std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
    std::thread::sleep(Duration::from_millis(80));
    child.kill().unwrap();
    child.wait().unwrap();
    std::fs::read(path).unwrap()
}

fn found(findings: &Findings) -> BTreeSet<String> {
    let races = findings.races.iter();
    let races = races.map(|race| {
        let side = |side: &hbtrace_analyzer::finding::Side| format!("{} {}", side.kind, side.site);
        format!("{} / {}", side(&race.first), side(&race.second))
    });
    let cycles = findings.deadlocks.iter();
    let cycles = cycles.map(|deadlock| format!("{:?}", deadlock.fingerprint));
    races.chain(cycles).collect()
}

fn open(path: &Path, bytes: &[u8]) -> Trace {
    std::fs::write(path, bytes).unwrap();
    match read::open(path, read::Options::default()) {
        Ok(trace) => trace,
        Err(error) => panic!("{error}"),
    }
}

fn compare(races: bool) {
    let count = std::env::var("HBTRACE_FLIGHTS").map_or(4, |count| count.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.trace");
    let stream = record(&path, races);
    let whole = open(&path, &stream);
    let all = found(&analyze(&whole, &Options::default()));
    assert_eq!(all.len(), usize::from(races), "{all:?}");
    let (first, last) = evict::span(&stream);
    let (mut random, mut gone, mut same) = (Random::new(races.into()), 0, 0);
    for _ in 0..count {
        let until = first + (last - first) / 100 * (1 + random.below(98) as u64);
        let (flight, recycled) = evict::evict(&stream, until);
        let trace = open(&path, &flight);
        assert!(!trace.info.truncated, "{:?}", trace.info.warnings);
        let left = found(&analyze(&trace, &Options::default()));
        assert!(left.is_subset(&all), "until {until}: {left:?} of {all:?}");
        gone += recycled;
        same += usize::from(left == all);
    }
    println!(
        "{count} flights of {} bytes: {gone} chunks gone, {same} find all",
        stream.len()
    );
    assert!(gone > 0 && 2 * same >= count, "{same} of {count} find all");
}

#[test]
fn flights_of_a_clean_run_find_nothing() {
    compare(false);
}

#[test]
fn flights_of_a_run_with_a_race_find_that_race() {
    compare(true);
}
