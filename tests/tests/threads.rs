//! Records every program of `tests/threads`
//! [as one that nobody wrote for the recorder](hbtrace_tests::compiled), and
//! compares the lines of the races that the analysis finds with those that the
//! program's source marks: none, and with `RACE` defined all.

// A test's own steps may fail it.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use hbtrace_cli::exit_codes;
use hbtrace_tests::compiled::{House, programs};
use hbtrace_traces::read;

#[test]
fn every_program_gets_its_verdict() {
    let house = House::new();
    let programs = programs(&["threads"]);
    assert!(programs.len() > 40, "the corpus is not whole");
    let left = Mutex::new(programs);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(source) = next(&left) {
                    for race in [false, true] {
                        if let Err(error) = verdict(&house, &source, race) {
                            let name = source.file_name().unwrap().display();
                            let error = format!("{name}, RACE {race}: {error}");
                            failures.lock().unwrap().push(error);
                        }
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

#[test]
fn threads_have_the_names_that_they_were_given() {
    let house = House::new();
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let trace = record(&house, &own.join("threads/thread_setname.c"), true).unwrap();
    let trace = read::open(&trace, read::Options::default()).unwrap();
    let names: Vec<_> = trace.threads.iter().map(|thread| &*thread.name).collect();
    assert!(
        names.contains(&"painter") && names.contains(&"sculptor"),
        "{names:?}"
    );
}

fn next(left: &Mutex<Vec<PathBuf>>) -> Option<PathBuf> {
    left.lock().unwrap().pop()
}

/// What is wrong with the verdict about a program.
fn verdict(house: &House, source: &Path, race: bool) -> Result<(), String> {
    let expected = if race {
        marked(source)
    } else {
        BTreeSet::new()
    };
    let trace = record(house, source, race)?;
    let (found, code) = analyzed(source, &trace);
    let right = match race {
        true => exit_codes::FINDINGS,
        false => exit_codes::OK,
    };
    if found != expected || code != right {
        let told = format!("expected races at {expected:?}, found {found:?}");
        return Err(format!("{told}, exit code {code}"));
    }
    Ok(())
}

/// Records one of the two programs that a source is.
fn record(house: &House, source: &Path, race: bool) -> Result<PathBuf, String> {
    let stem = source.file_stem().unwrap().to_string_lossy();
    let (verdict, flags): (_, &[_]) = match race {
        true => ("race", &["-O2", "-w", "-DRACE"]),
        false => ("no_race", &["-O2", "-w"]),
    };
    house.record(source, &format!("{stem}_{verdict}"), flags)
}

/// Lines that a source marks.
fn marked(source: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(source).unwrap();
    let lines = text.lines().enumerate();
    let marked = lines.filter(|(_, line)| line.ends_with("//~ race"));
    marked.map(|(index, _)| (index + 1).to_string()).collect()
}

/// Lines of the races that `hbtrace analyze` finds, and its exit code.
fn analyzed(source: &Path, trace: &Path) -> (BTreeSet<String>, u8) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let arguments = ["hbtrace", "analyze", "--format", "json"].map(OsStr::new);
    let arguments = arguments.into_iter().chain([trace.as_os_str()]);
    let code = hbtrace_cli::run(arguments.map(OsStr::to_owned), &mut out, &mut err);
    let report: serde_json::Value = serde_json::from_slice(&out).unwrap();
    let races = report["races"].as_array().unwrap();
    let sides = races
        .iter()
        .flat_map(|race| [&race["first"]["site"], &race["second"]["site"]]);
    let name = source.file_name().unwrap().to_str().unwrap();
    let lines = sides.map(|site| {
        let site = site.as_str().unwrap();
        let place = site.rsplit('/').next().unwrap().strip_prefix(name);
        let line = place.and_then(|place| place.split(':').nth(1));
        line.unwrap_or(site).to_owned()
    });
    (lines.collect(), code)
}
