//! Records every program of these folders of `tests/programs`
//! [as one that nobody wrote for the recorder](hbtrace_tests::compiled), and
//! compares whether the analysis finds races with what the program's name says.

// A test's own steps may fail it.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use hbtrace_analyzer::{Options, analyze};
use hbtrace_tests::compiled::{House, programs};
use hbtrace_traces::read;

const FOLDERS: [&str; 3] = [
    "programs/annotations",
    "programs/atomics",
    "programs/memory",
];

#[test]
fn every_compiled_program_gets_its_verdict() {
    let house = House::new();
    let mut failures = Vec::new();
    let programs = programs(&FOLDERS);
    assert!(programs.len() > 10, "the list of programs is not whole");
    for source in &programs {
        if let Err(failure) = verdict(source, &house) {
            failures.push(format!("{}: {failure}", source.display()));
        }
    }
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

#[test]
fn what_a_thread_repeats_in_a_segment_is_recorded_once() {
    let house = House::new();
    let source = house.directory().join("repeats_no_race.c");
    let text = "volatile long word; int main(void) {\n\
                for (int i = 0; i < 100000; i++) word = i;\n\
                static int a; __atomic_store_n(&a, 1, __ATOMIC_RELEASE);\n\
                for (int i = 0; i < 100000; i++) word = i;\n\
                return 0; }\n";
    std::fs::write(&source, text).unwrap();
    let trace = verdict(&source, &house).unwrap();
    let trace = read::open(&trace, read::Options::default()).unwrap();
    let accesses: u64 = trace
        .streams
        .iter()
        .map(|stream| stream.accesses.count())
        .sum();
    // One for each loop, and what comes with chunks.
    assert!((2..20).contains(&accesses), "{accesses} accesses");
}

/// The trace of a program, or what is wrong with the verdict about it.
fn verdict(source: &Path, house: &House) -> Result<PathBuf, String> {
    let name = source.file_stem().unwrap().to_str().unwrap();
    let path = house.record(source, name, &["-O1", "-mcx16"])?;
    let trace = read::open(&path, read::Options::default()).map_err(|error| error.to_string())?;
    if !trace.info.complete || trace.info.lost_events > 0 {
        return Err("the recording is not whole".to_owned());
    }
    let races = analyze(&trace, &Options::default()).races.len();
    if name.ends_with("_no_race") != (races == 0) {
        return Err(format!("{races} races were found"));
    }
    Ok(path)
}
