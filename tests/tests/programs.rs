//! Records every program of `tests/programs` and compares the races that the
//! analysis finds with those that the program's source marks.

// A test's own steps may fail it.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use hbtrace_analyzer::finding::{Findings, Side};
use hbtrace_analyzer::{Options, analyze};
use hbtrace_cli::exit_codes;

const PROGRAM: &str = env!("CARGO_BIN_EXE_patterns");
/// No program takes a second; one that takes this long hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A racy pair as `line kind` of both sides, the lesser first.
type Pair = (String, String);

#[test]
fn every_program_gets_its_verdict() {
    let directory = tempfile::tempdir().unwrap();
    let mut failures = Vec::new();
    let programs = programs();
    assert!(programs.len() > 50, "the list of programs is not whole");
    for (file, name) in &programs {
        let expected = expected(file, name);
        assert_eq!(
            expected.is_empty(),
            name.ends_with("_no_race"),
            "{file}: {name} is not what its source marks"
        );
        let trace = directory.path().join(format!("{name}.trace"));
        let findings = match record(name, &trace) {
            Ok(()) => findings(&trace),
            Err(error) => Err(error),
        };
        match findings {
            Ok(findings) => {
                failures.extend(difference(file, name, &expected, &findings));
                failures.extend(wrong_report(name, &trace));
            }
            Err(error) => failures.push(format!("{file}: {name}: {error}")),
        }
    }
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

/// File and name of each program.
fn programs() -> Vec<(String, String)> {
    let output = Command::new(PROGRAM).output().unwrap();
    let list = String::from_utf8(output.stdout).unwrap();
    list.lines()
        .map(|line| {
            let (file, name) = line.split_once(' ').unwrap();
            (file.to_owned(), name.to_owned())
        })
        .collect()
}

/// The pairs that the function `name` of `file` marks.
fn expected(file: &str, name: &str) -> Vec<Pair> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("programs")
        .join(format!("{file}.rs"));
    let source = std::fs::read_to_string(path).unwrap();
    let mut sides: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let function = format!("fn {name}(");
    let body = source
        .lines()
        .enumerate()
        .skip_while(|(_, line)| !line.contains(&function))
        .take_while(|(_, line)| *line != "}");
    for (index, line) in body {
        let Some((_, marks)) = line.split_once("//~ ") else {
            continue;
        };
        for mark in marks.split(", ") {
            let (pair, kind) = mark.split_once(' ').unwrap();
            sides
                .entry(pair)
                .or_default()
                .push(format!("{} {kind}", index + 1));
        }
    }
    let mut pairs: Vec<Pair> = sides.into_values().map(pair).collect();
    pairs.sort();
    pairs
}

fn pair(mut sides: Vec<String>) -> Pair {
    sides.sort();
    let [first, second] = <[String; 2]>::try_from(sides).unwrap();
    (first, second)
}

/// Runs a program and records it.
fn record(name: &str, trace: &Path) -> Result<(), String> {
    let mut child = Command::new(PROGRAM)
        .arg(name)
        .env("HBTRACE_OUT", trace)
        .spawn()
        .map_err(|error| error.to_string())?;
    let status = wait(&mut child)?;
    status
        .success()
        .then_some(())
        .ok_or_else(|| format!("the program failed: {status}"))
}

fn wait(child: &mut Child) -> Result<std::process::ExitStatus, String> {
    let begun = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if begun.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(2));
            }
            Ok(None) => {
                let killed = child.kill();
                return Err(format!("the program hangs (killed: {killed:?})"));
            }
            Err(error) => return Err(error.to_string()),
        }
    }
}

fn findings(trace: &Path) -> Result<Findings, String> {
    let trace = hbtrace_traces::read::open(trace, hbtrace_traces::read::Options::default())
        .map_err(|error| error.to_string())?;
    if !trace.info.complete || trace.info.lost_events > 0 {
        return Err("the recording is not whole".to_owned());
    }
    Ok(analyze(&trace, &Options::default()))
}

/// What is wrong with the findings about a program.
fn difference(file: &str, name: &str, expected: &[Pair], findings: &Findings) -> Option<String> {
    let mut found: Vec<Pair> = findings
        .races
        .iter()
        .map(|race| pair(vec![side(file, &race.first), side(file, &race.second)]))
        .collect();
    found.sort();
    let right = found == expected && findings.deadlocks.is_empty();
    (!right).then(|| {
        format!(
            "{file}: {name}: expected {expected:?}, found {found:?} and {} deadlocks",
            findings.deadlocks.len()
        )
    })
}

/// What is wrong with what the program `hbtrace` says: its exit code is the
/// verdict, and its report is the same for any number of workers.
fn wrong_report(name: &str, trace: &Path) -> Option<String> {
    let expected = match name.ends_with("_no_race") {
        true => exit_codes::OK,
        false => exit_codes::FINDINGS,
    };
    let mut reports = ["1", "2", "8"].map(|jobs| report(trace, jobs));
    for (code, _, err) in &reports {
        if *code != expected {
            return Some(format!("{name}: exit code {code}: {err}"));
        }
    }
    reports.sort();
    (reports[0] != reports[2]).then(|| format!("{name}: the report depends on the workers"))
}

/// Exit code, JSON and messages of `hbtrace analyze`.
fn report(trace: &Path, jobs: &str) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut arguments = ["hbtrace", "analyze", "--format", "json", "--jobs", jobs]
        .map(OsStr::new)
        .to_vec();
    arguments.push(trace.as_os_str());
    let code = hbtrace_cli::run(arguments, &mut out, &mut err);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (code, text(out), text(err))
}

/// A side as the marks write it, if it is in the program's own file.
fn side(file: &str, side: &Side) -> String {
    let own: PathBuf = ["tests", "programs", &format!("{file}.rs")]
        .iter()
        .collect();
    let place = side.site.strip_prefix(&*own.to_string_lossy());
    match place.and_then(|place| place.trim_start_matches(':').split(':').next()) {
        Some(line) => format!("{line} {}", side.kind),
        None => format!("{} {}", side.site, side.kind),
    }
}
