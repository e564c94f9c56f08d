//! Every sample of `traces/samples`, by every analysis, with 1, 2 and 8
//! workers, as text and as a `.trace` file: the verdict is that of the
//! sample's `.toml`, and the reports are the same bytes.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::fs;
use std::path::{Path, PathBuf};

use hbtrace_analyzer::report::REPORTS;
use serde::Deserialize;

const SAMPLES: &str = "../traces/samples";

/// What a sample's `.toml` says; `traces/samples/README.md` describes it.
#[derive(Deserialize)]
struct Verdict {
    why: String,
    races: Vec<[String; 2]>,
    deadlocks: usize,
}

/// What a report in JSON says of it.
#[derive(Deserialize)]
struct Report {
    races: Vec<Race>,
    deadlocks: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Race {
    first: Side,
    second: Side,
}

#[derive(Deserialize)]
struct Side {
    site: String,
    kind: String,
}

impl Side {
    fn text(&self) -> String {
        format!("{} {}", self.site, self.kind)
    }
}

fn samples() -> Vec<PathBuf> {
    let entries = fs::read_dir(SAMPLES).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut samples: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|e| e == "std" || e == "trace"))
        .collect();
    samples.sort();
    assert!(!samples.is_empty(), "no samples in {SAMPLES}");
    samples
}

fn hbtrace(arguments: &[&str]) -> (u8, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let arguments = ["hbtrace"].iter().chain(arguments);
    let code = hbtrace_cli::run(arguments, &mut out, &mut err);
    let err = String::from_utf8(err).unwrap();
    assert!(code <= 1, "{err}");
    (code, String::from_utf8(out).unwrap())
}

/// The report of `trace` in `format`, which does not depend on the number of
/// workers.
fn report(trace: &Path, format: &str) -> (u8, String) {
    let trace = trace.to_str().unwrap();
    let with_jobs = |jobs| hbtrace(&["analyze", trace, "--jobs", jobs, "--format", format]);
    let one = with_jobs("1");
    for jobs in ["2", "8"] {
        assert_eq!(
            with_jobs(jobs),
            one,
            "{trace} with {jobs} workers, {format}"
        );
    }
    one
}

fn sorted(pair: [String; 2]) -> [String; 2] {
    let mut pair = pair;
    pair.sort();
    pair
}

/// What is wrong with the verdict on a sample.
fn difference(name: &str, verdict: Verdict, code: u8, json: &str) -> Option<String> {
    let report: Report = serde_json::from_str(json).unwrap();
    let races = report.races.iter();
    let mut found: Vec<_> = races
        .map(|race| sorted([race.first.text(), race.second.text()]))
        .collect();
    found.sort();
    let mut expected: Vec<_> = verdict.races.into_iter().map(sorted).collect();
    expected.sort();
    let deadlocks = report.deadlocks.len();
    let faults = !expected.is_empty() || verdict.deadlocks > 0;
    let right = found == expected && deadlocks == verdict.deadlocks && code == u8::from(faults);
    (!right).then(|| {
        format!(
            "{name}: {}\n  expected {expected:?}, {} deadlocks\n  found    {found:?}, {deadlocks} \
             deadlocks, exit code {code}",
            verdict.why, verdict.deadlocks
        )
    })
}

#[test]
fn every_sample_gives_its_verdict() {
    let mut wrong = Vec::new();
    for sample in samples() {
        let verdict = fs::read_to_string(sample.with_extension("toml")).unwrap();
        let verdict = toml::from_str(&verdict).unwrap();
        for format in REPORTS.iter().filter(|report| report.name != "json") {
            report(&sample, format.name);
        }
        let (code, json) = report(&sample, "json");
        let name = sample.display().to_string();
        wrong.extend(difference(&name, verdict, code, &json));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn names_are_verdicts() {
    let mut wrong = Vec::new();
    for sample in samples() {
        let verdict = fs::read_to_string(sample.with_extension("toml")).unwrap();
        let verdict: Verdict = toml::from_str(&verdict).unwrap();
        let name = sample.file_stem().unwrap().to_str().unwrap();
        let right = match () {
            () if name.ends_with("_no_race") => verdict.races.is_empty(),
            () if name.ends_with("_race") => !verdict.races.is_empty(),
            () if name.ends_with("_no_deadlock") => verdict.deadlocks == 0,
            () if name.ends_with("_deadlock") => verdict.deadlocks > 0,
            () => true,
        };
        if !right {
            wrong.push(name.to_owned());
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn a_trace_file_says_what_its_text_says() {
    let folder = tempfile::tempdir().unwrap();
    for sample in samples() {
        let name = sample.file_stem().unwrap().to_str().unwrap();
        let trace = folder.path().join(name).with_extension("trace");
        let (text_path, trace_path) = (sample.to_str().unwrap(), trace.to_str().unwrap());
        hbtrace(&["convert", text_path, trace_path]);
        for format in REPORTS {
            let of = |path| {
                let (code, said) = hbtrace(&["analyze", path, "--format", format.name]);
                let said = said.replace(path, "FILE");
                (
                    code,
                    said.replace("\"format\": \"text\"", "\"format\": \"trace\""),
                )
            };
            assert_eq!(of(trace_path), of(text_path), "{name}, {}", format.name);
        }
        let dumped = (
            hbtrace(&["dump", text_path]),
            hbtrace(&["dump", trace_path]),
        );
        assert_eq!(dumped.0, dumped.1, "{name}");
    }
}
