//! Flight recordings and snapshots of a program that runs: one without races
//! and deadlocks has none in any of them, and a race that goes on shows in all.
//!
//! `HBTRACE_FLIGHTS` says how many are looked at (5).

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]
#![allow(clippy::print_stdout, reason = "figures for whoever asks for them")]

use std::io::{BufRead, BufReader};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use hbtrace_analyzer::finding::Findings;
use hbtrace_analyzer::{Options, analyze};
use hbtrace_traces::format::layout::header;
use hbtrace_traces::read;
use hbtrace_traces::trace::{Step, Trace};

/// The program while it runs; it never outlives this.
struct Running(Child);

impl Running {
    fn start(path: &Path, races: bool) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_killed"));
        command
            .env("HBTRACE_OUT", path)
            .env("HBTRACE_FLIGHT", "1M")
            .env("HBTRACE_SNAPSHOT_SIGNAL", "USR2")
            .env("HBTRACE_SNAPSHOTS", "1000")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if races {
            command.env("HBTRACE_RACES", "1");
        }
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let running = Running(child);
        lines.read_line(&mut String::new()).unwrap();
        // What it says is read, so that it goes on.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        running
    }

    fn pid(&self) -> String {
        self.0.id().to_string()
    }

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

fn count() -> u32 {
    std::env::var("HBTRACE_FLIGHTS").map_or(5, |count| count.parse().unwrap())
}

fn open(path: &Path) -> Trace {
    match read::open(path, read::Options::default()) {
        Ok(trace) => trace,
        Err(error) => panic!("{error}"),
    }
}

/// Accesses that are compared.
fn compared(trace: &Trace) -> u64 {
    let accesses = trace.steps.iter().map(|step| match step {
        Step::Accesses { from, to, .. } => to - from,
        Step::Sync { .. } => 0,
    });
    accesses.sum()
}

/// What is found: nothing, or the one race.
fn check(trace: &Trace, races: bool, what: &str) -> Findings {
    let findings = analyze(trace, &Options::default());
    let warnings = &trace.info.warnings;
    assert_eq!(format!("{:?}", findings.deadlocks), "[]", "{what}");
    let of_race = |race: &hbtrace_analyzer::finding::Race| {
        race.first.site == race.second.site && race.first.site.contains("killed.rs")
    };
    let others = findings
        .races
        .iter()
        .filter(|race| !races || !of_race(race));
    assert_eq!(
        others.count(),
        0,
        "{what}: {:?} {warnings:?}",
        findings.races
    );
    findings
}

/// From when on chunks are used again, which the header tells.
fn wait_for_the_pool_to_be_full(path: &Path) {
    for _ in 0..6000 {
        let file = std::fs::File::open(path).unwrap();
        let mut evicted = [0; 8];
        file.read_exact_at(&mut evicted, header::EVICTED_UNTIL as u64)
            .unwrap();
        if u64::from_le_bytes(evicted) != 0 {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("nothing was recycled within a minute");
}

fn kill(races: bool) -> (u64, usize) {
    let folder = tempfile::tempdir().unwrap();
    let (mut all, mut found) = (0, 0);
    for nth in 0..count() {
        let path = folder.path().join("killed.trace");
        let mut running = Running::start(&path, races);
        wait_for_the_pool_to_be_full(&path);
        std::thread::sleep(Duration::from_millis(u64::from(nth) * 7));
        running.end();
        let trace = open(&path);
        assert!(
            trace.info.flight && !trace.info.truncated,
            "{:?}",
            trace.info
        );
        assert!(trace.info.verdicts_from.is_some(), "nothing was recycled");
        all += compared(&trace);
        found += check(&trace, races, "killed").races.len();
    }
    println!(
        "{all} words of accesses compared in {} killed runs",
        count()
    );
    (all, found)
}

#[test]
fn a_clean_run_that_is_killed_has_no_finding() {
    assert!(kill(false).0 > 0, "nothing was compared");
}

#[test]
fn a_race_shows_in_the_last_moments() {
    let found = kill(true).1;
    assert_eq!(found, count() as usize, "one race a run");
}

/// Asks for snapshots while the program runs, and waits for each.
fn snapshots(folder: &Path, running: &Running) -> Vec<PathBuf> {
    let mut taken = Vec::new();
    for number in 1..=count() {
        std::thread::sleep(Duration::from_millis(20));
        let sent = Command::new("kill")
            .args(["-USR2", &running.pid()])
            .status();
        assert!(sent.unwrap().success());
        let path = folder.join(format!("run.snapshot-{number}.trace"));
        let mut tries = 0;
        while !path.exists() {
            tries += 1;
            assert!(tries < 1000, "no snapshot {number}");
            std::thread::sleep(Duration::from_millis(10));
        }
        taken.push(path);
    }
    taken
}

fn snap(races: bool) -> (u64, usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.trace");
    let mut running = Running::start(&path, races);
    let refused = read::open(&path, read::Options::default());
    assert!(refused.unwrap_err().to_string().contains("take a snapshot"));
    let taken = snapshots(folder.path(), &running);
    assert!(running.0.try_wait().unwrap().is_none(), "it goes on");
    running.end();
    let (mut all, mut found) = (0, 0);
    for path in &taken {
        let trace = open(path);
        let info = &trace.info;
        assert!(info.flight && !info.truncated && !info.complete, "{info:?}");
        assert!(info.verdicts_from < info.verdicts_to, "{info:?}");
        all += compared(&trace);
        found += check(&trace, races, "a snapshot").races.len();
    }
    println!(
        "{all} words of accesses compared in {} snapshots",
        taken.len()
    );
    (all, found)
}

#[test]
fn snapshots_of_a_clean_run_have_no_finding() {
    assert!(snap(false).0 > 0, "nothing was compared");
}

#[test]
fn a_race_shows_in_snapshots() {
    let found = snap(true).1;
    assert_eq!(found, count() as usize, "one race a snapshot");
}
