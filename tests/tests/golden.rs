//! Reports, byte for byte: `golden/NAME.std` analysed gives `NAME.txt`,
//! `NAME.json` and `NAME.svg`. After a change that is meant, `HBTRACE_BLESS=1 cargo test -p
//! hbtrace-tests --test golden` writes them anew; read the difference.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::fs;
use std::path::{Path, PathBuf};

/// The traces, by name. Tests run in the folder of their package.
fn traces() -> Vec<PathBuf> {
    let entries = fs::read_dir("golden").unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut traces: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|e| e == "std"))
        .collect();
    traces.sort();
    assert!(!traces.is_empty());
    traces
}

fn report(trace: &Path, format: &str) -> String {
    let trace = trace.to_str().unwrap();
    let arguments = ["hbtrace", "analyze", trace, "--format", format];
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = hbtrace_cli::run(arguments, &mut out, &mut err);
    let err = String::from_utf8(err).unwrap();
    assert!(code <= 1, "{trace}: {err}");
    String::from_utf8(out).unwrap()
}

#[test]
fn reports_are_as_they_were() {
    let bless = std::env::var_os("HBTRACE_BLESS").is_some();
    let mut changed = Vec::new();
    for trace in traces() {
        for (format, extension) in [("text", "txt"), ("json", "json"), ("svg", "svg")] {
            let golden = trace.with_extension(extension);
            let found = report(&trace, format);
            if bless {
                fs::write(&golden, &found).unwrap();
            } else if fs::read_to_string(&golden).ok().as_ref() != Some(&found) {
                changed.push(format!("{}:\n{found}", golden.display()));
            }
        }
    }
    assert!(
        changed.is_empty(),
        "changed reports:\n{}",
        changed.join("\n")
    );
}

#[test]
fn json_has_the_fields_of_its_schema() {
    let report = report(Path::new("golden/races.std"), "json");
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["schema"], "hbtrace-report/1");
    let fields = |value: &serde_json::Value, names: &[&str]| {
        for name in names {
            assert!(value.get(name).is_some(), "{name} is missing in {value}");
        }
    };
    fields(
        &report,
        &[
            "trace",
            "races",
            "deadlocks",
            "waits_at_end",
            "contention",
            "warnings",
        ],
    );
    fields(
        &report["trace"],
        &[
            "file",
            "format",
            "threads",
            "events",
            "accesses",
            "sync_events",
            "objects",
            "locations",
            "sites",
            "duration_ns",
            "complete",
            "lost_events",
            "truncated",
        ],
    );
    let race = &report["races"][0];
    fields(
        race,
        &[
            "fingerprint",
            "first",
            "second",
            "locations",
            "pairs",
            "consequence",
        ],
    );
    fields(
        &race["first"],
        &["kind", "site", "thread", "location", "held", "stack"],
    );
    fields(
        &report["contention"],
        &[
            "duration_ns",
            "threads",
            "locks",
            "critical_path",
            "what_if",
        ],
    );
    assert!(report["contention"]["duration_ns"].is_null());
}
