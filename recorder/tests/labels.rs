//! Labels of stretches: one object for each name, whoever tells it where.
#![cfg(feature = "record")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::process::Command;

use hbtrace_recorder::{span, thread};
use hbtrace_traces::kind::Kind;
use hbtrace_traces::object::ObjectKind;
use hbtrace_traces::read;

/// More names than a thread remembers.
const NAMES: u32 = 100;
const ROUNDS: u32 = 3;

/// All names from one call, each time in a string of its own.
#[test]
fn work() {
    let tell = || {
        for name in (0..ROUNDS).flat_map(|_| 0..NAMES) {
            drop(span(&format!("request {name}")));
        }
    };
    thread::scope(|scope| {
        scope.spawn(tell);
        scope.spawn(tell);
    });
}

#[test]
fn spans_of_one_call_bear_the_names_that_they_were_given() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.trace");
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["work", "--exact"])
        .env("HBTRACE_OUT", &path)
        .output()
        .unwrap();
    assert!(output.status.success());
    let trace = read::open(&path, read::Options::default()).unwrap();
    assert_eq!(trace.info.lost_events, 0);
    let labels = trace
        .objects
        .iter()
        .filter(|object| object.kind == ObjectKind::Label);
    assert_eq!(labels.count(), NAMES as usize);
    let mut tellers = 0;
    for stream in &trace.streams {
        let spans = stream.sync.iter().filter(|event| event.kind == Kind::Span);
        let names: Vec<_> = spans
            .map(|event| trace.objects[event.object as usize].name.as_str())
            .collect();
        if names.is_empty() {
            continue;
        }
        let told = (0..ROUNDS).flat_map(|_| 0..NAMES);
        let told: Vec<_> = told.map(|name| format!("request {name}")).collect();
        assert_eq!(names, told);
        tellers += 1;
    }
    assert_eq!(tellers, 2);
}
