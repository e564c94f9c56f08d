//! Every recorded program, dumped as text: the text reads back to itself and
//! shows the same races and deadlocks.

use std::path::Path;
use std::process::Command;

use hbtrace_analyzer::{Options, analyze};
use hbtrace_traces::read;
use hbtrace_traces::text;
use hbtrace_traces::trace::Trace;

const PROGRAM: &str = env!("CARGO_BIN_EXE_patterns");

fn write(trace: &Trace) -> String {
    let mut bytes = Vec::new();
    text::write(trace, &mut bytes).expect("memory takes everything");
    String::from_utf8(bytes).expect("text")
}

fn parse(text: &str) -> Trace {
    let parsed = text::parse(
        Path::new("dump.std"),
        text.as_bytes(),
        read::Options::default(),
    );
    parsed.unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// What is found, without its examples.
fn found(trace: &Trace) -> (Vec<[String; 4]>, Vec<String>) {
    let findings = analyze(trace, &Options::default());
    let races = findings.races.into_iter();
    let deadlocks = findings.deadlocks.into_iter();
    (
        races
            .map(|it| [it.first.site, it.first.kind, it.second.site, it.second.kind])
            .collect(),
        deadlocks.map(|it| it.fingerprint).collect(),
    )
}

#[test]
fn a_dump_of_every_program_tells_the_same() {
    let directory = tempfile::tempdir().expect("a directory");
    let list = Command::new(PROGRAM).output().expect("it runs").stdout;
    let list = String::from_utf8(list).expect("text");
    let names = list
        .lines()
        .filter_map(|line| Some(line.split_once(' ')?.1));
    for name in names {
        let path = directory.path().join(format!("{name}.trace"));
        let mut program = Command::new(PROGRAM);
        let status = program.arg(name).env("HBTRACE_OUT", &path).status();
        assert!(status.expect("it runs").success(), "{name}");
        let trace = read::open(&path, read::Options::default());
        let trace = trace.unwrap_or_else(|error| panic!("{error}"));
        let dump = write(&trace);
        let again = parse(&dump);
        assert_eq!(write(&again), dump, "{name}");
        assert_eq!(found(&again), found(&trace), "{name}:\n{dump}");
    }
}
