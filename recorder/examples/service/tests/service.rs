//! The service recorded under load, with and without its faults, and analysed:
//! what is reported must be what was put in.
//!
//! The mix of requests is seeded and the pool is kept busy, so each fault shows
//! in every run; how often threads meet is left to the machine.

#![cfg(feature = "record")]
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Records one run with `options` and gives the exit code and JSON report of
/// its analysis.
fn record_and_analyze(options: &[&str], folder: &Path) -> (i32, Value) {
    let trace = folder.join("run.trace");
    let mut service = Command::new(env!("CARGO_BIN_EXE_session-service"));
    service.arg("--journal").arg(folder.join("journal.log"));
    let mut service = service
        .args(options)
        .env("HBTRACE_OUT", &trace)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(service.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let address = line.trim().strip_prefix("listening on ").unwrap();
    let load = Command::new(env!("CARGO_BIN_EXE_session-load"))
        .arg(format!("http://{address}"))
        .args(["--clients", "32", "--requests", "60", "--value", "16384"])
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(load.success());
    assert!(service.wait().unwrap().success());

    let (mut out, mut err) = (Vec::new(), Vec::new());
    let arguments = [
        "hbtrace",
        "analyze",
        "--format",
        "json",
        trace.to_str().unwrap(),
    ];
    let code = hbtrace_cli::run(arguments, &mut out, &mut err);
    let report = serde_json::from_slice(&out)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&err)));
    (i32::from(code), report)
}

fn count(value: &Value) -> usize {
    value.as_array().unwrap().len()
}

/// The path's segments tile the run.
fn assert_tiled(report: &Value) {
    let contention = &report["contention"];
    let segments = contention["critical_path"].as_array().unwrap();
    let sum: u64 = segments
        .iter()
        .map(|segment| segment["to_ns"].as_u64().unwrap() - segment["from_ns"].as_u64().unwrap())
        .sum();
    assert_eq!(Some(sum), contention["duration_ns"].as_u64());
}

#[test]
fn a_clean_service_is_reported_clean() {
    let folder = tempfile::tempdir().unwrap();
    let (code, report) = record_and_analyze(&[], folder.path());
    assert_eq!(count(&report["races"]), 0, "{:#}", report["races"]);
    assert_eq!(count(&report["deadlocks"]), 0, "{:#}", report["deadlocks"]);
    assert_eq!(report["trace"]["lost_events"], 0);
    assert_eq!(report["trace"]["complete"], true);
    assert_eq!(code, 0);
    assert_tiled(&report);
}

#[test]
fn values_that_are_shared_and_die_race_with_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (code, report) = record_and_analyze(&["--tell-values"], folder.path());
    assert!(report["trace"]["accesses"].as_u64().unwrap() > 1_000_000);
    assert_eq!(count(&report["races"]), 0, "{:#}", report["races"]);
    assert_eq!(report["trace"]["lost_events"], 0);
    assert_eq!(code, 0);
}

#[test]
fn the_three_faults_are_found_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let faults = ["--fault", "racy-stat,inversion,hot-lock"];
    let (code, report) = record_and_analyze(&faults, folder.path());
    assert_eq!(code, 1);
    assert_eq!(report["trace"]["lost_events"], 0);

    let races = report["races"].as_array().unwrap();
    assert!(!races.is_empty());
    for side in races
        .iter()
        .flat_map(|race| [&race["first"], &race["second"]])
    {
        assert_eq!(side["location"], "store.hits[0]");
        assert!(side["site"].as_str().unwrap().contains("src/store.rs:"));
    }

    assert_eq!(count(&report["deadlocks"]), 1, "{:#}", report["deadlocks"]);
    let mut wanted: Vec<_> = report["deadlocks"][0]["cycle"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["acquires"].as_str().unwrap())
        .collect();
    wanted.sort_unstable();
    assert_eq!(wanted, ["journal.index", "store.shards[0]"]);

    let locks = report["contention"]["locks"].as_array().unwrap();
    assert_eq!(locks[0]["lock"], "store.shards[0]", "{:#}", locks[0]);
    assert_tiled(&report);
}
