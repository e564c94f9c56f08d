//! A trace that misses events, because its file was cut or because the process
//! still records, is analysed as far as it is whole: a program without races
//! and deadlocks has none in any part of it.
//!
//! `HBTRACE_CUTS` says how many parts are looked at (30).

// A test's own steps may fail it.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use hbtrace_analyzer::{Options, analyze};
use hbtrace_traces::read;
use hbtrace_traces::trace::Trace;

/// The program while it runs; it never outlives this.
struct Running(Child);

impl Running {
    fn end(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already unless a step before failed.
        let _ = (self.0.kill(), self.0.wait());
    }
}

fn start(path: &Path) -> Running {
    let mut child = Command::new(env!("CARGO_BIN_EXE_killed"))
        .env("HBTRACE_OUT", path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let running = Running(child);
    lines.read_line(&mut String::new()).unwrap();
    // What it says is read, so that it goes on.
    std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
    running
}

fn open(path: &Path, what: &str) -> Trace {
    let trace = match read::open(path, read::Options::default()) {
        Ok(trace) => trace,
        Err(error) => panic!("{what}: {error}"),
    };
    assert!(trace.info.truncated, "{what}");
    assert!(!trace.info.warnings.is_empty(), "{what}");
    trace
}

/// Accesses that are compared, none of which may race.
fn check(trace: &Trace, what: &str) -> u64 {
    let findings = analyze(trace, &Options::default());
    let warnings = &trace.info.warnings;
    assert_eq!(format!("{:?}", findings.races), "[]", "{what} {warnings:?}");
    assert_eq!(format!("{:?}", findings.deadlocks), "[]", "{what}");
    let streams = trace.streams.iter();
    streams.map(|stream| stream.accesses.end()).sum()
}

#[test]
fn a_live_clean_run_has_no_finding() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("live.trace");
    let mut compared = 0;
    for _ in 0..4 {
        let mut running = start(&path);
        std::thread::sleep(Duration::from_millis(20));
        let trace = open(&path, "live");
        running.end();
        compared += check(&trace, "live");
    }
    println!("{compared} words of accesses compared");
    assert!(compared > 0, "nothing was compared");
}

#[test]
fn no_part_of_a_clean_run_has_a_finding() {
    let parts = std::env::var("HBTRACE_CUTS").map_or(30, |parts| parts.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("whole.trace");
    let mut running = start(&path);
    std::thread::sleep(Duration::from_millis(20));
    running.end();

    let whole = fs::read(&path).unwrap();
    let allocated = u64::from_le_bytes(whole[64..72].try_into().unwrap()) as usize;
    let cut = folder.path().join("cut.trace");
    let (mut random, mut compared) = (0x9e37_79b9_7f4a_7c15_u64, 0);
    for _ in 0..parts {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let len = 4096 + (random % (allocated as u64 - 4096)) as usize;
        fs::write(&cut, &whole[..len]).unwrap();
        let what = format!("cut at {len} of {allocated}");
        compared += check(&open(&cut, &what), &what);
    }
    println!("{compared} words of accesses compared in {parts} parts of {allocated} bytes");
    assert!(compared > 0, "nothing was compared");
}
