//! A service that is started again: what the process before it left stays, as
//! much of it as was chosen.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Output, Stdio};

use hbtrace_traces::kind::Kind;

use super::{Run, count, open, succeeded};

/// A process that is killed as it records.
fn crash(run: &Run) -> u32 {
    let mut child = run
        .command("wait")
        .env("HBTRACE_OUT", run.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = Vec::new();
    while !said.ends_with(b"ready\n") {
        let mut byte = [0];
        let stdout = child.stdout.as_mut().unwrap();
        assert_eq!(stdout.read(&mut byte).unwrap(), 1);
        said.push(byte[0]);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    child.id()
}

fn names(run: &Run) -> Vec<String> {
    let entries = std::fs::read_dir(run.directory.path()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

fn beside(run: &Run, name: &str) -> PathBuf {
    run.path().with_file_name(name)
}

/// The lines that the recorder said.
fn said(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stderr);
    let lines = text.lines().filter(|line| line.starts_with("hbtrace: "));
    lines.map(str::to_owned).collect()
}

#[test]
fn a_crash_loop_keeps_the_last_crashes() {
    let run = Run::new("run.trace");
    let pids: Vec<u32> = (0..6).map(|_| crash(&run)).collect();
    let output = run.recorded("hold");
    succeeded(&output);
    let said = said(&output);
    assert_eq!(said.len(), 1, "{said:?}");
    let expected = format!("kept what process {} had recorded when it died", pids[5]);
    assert!(said[0].contains(&expected), "{said:?}");
    assert!(said[0].contains("removed the oldest"), "{said:?}");
    let kept = [3, 4, 5, 6].map(|number| format!("run.crashed-{number}.trace"));
    assert_eq!(names(&run)[..4], kept);
    for (name, pid) in kept.iter().zip(&pids[2..]) {
        let trace = open(&beside(&run, name));
        assert_eq!((trace.info.pid, trace.info.complete), (*pid, false));
    }
    assert_eq!(count(&run.trace(), Kind::Rel), 100);
    // That one was closed, so it is replaced as ever.
    succeeded(&run.recorded("hold"));
    assert_eq!(names(&run).len(), 5);
}

#[test]
fn how_many_crashes_stay_can_be_chosen_and_said_nothing_about() {
    let run = Run::new("run.trace");
    crash(&run);
    let mut command = run.command("hold");
    command.env("HBTRACE_OUT", run.path());
    let output = command.env("HBTRACE_CRASHES", "0").output().unwrap();
    succeeded(&output);
    assert_eq!(names(&run), ["run.trace"]);
    assert!(said(&output).is_empty());
    crash(&run);
    let mut command = run.command("hold");
    command.env("HBTRACE_OUT", run.path());
    let output = command.env("HBTRACE_QUIET", "1").output().unwrap();
    assert!(said(&output).is_empty());
    assert_eq!(names(&run), ["run.crashed-1.trace", "run.trace"]);
}

#[test]
fn a_link_is_not_followed() {
    let run = Run::new("run.trace");
    let precious = beside(&run, "precious.txt");
    std::fs::write(&precious, "PRECIOUS").unwrap();
    std::os::unix::fs::symlink(&precious, run.path()).unwrap();
    let output = run.recorded("hold");
    succeeded(&output);
    let said = said(&output);
    assert!(said[0].contains("it is a symbolic link"), "{said:?}");
    assert!(said[0].ends_with("the program goes on unrecorded"));
    assert_eq!(std::fs::read(precious).unwrap(), b"PRECIOUS");
}

#[test]
fn numbers_go_on_and_drafts_of_the_killed_go() {
    let run = Run::new("rotating.trace");
    let draft = format!("rotating.000007.trace.{}.part", u32::MAX);
    std::fs::write(beside(&run, &draft), [0; 8192]).unwrap();
    succeeded(&run.builds("snapshot rotating"));
    let first = names(&run);
    assert!(!first.contains(&draft));
    let last = first.iter().filter(|name| name.starts_with("rotating.0"));
    let last = last.max().unwrap().clone();
    let mut command = run.command("snapshot rotating on");
    command.env("HBTRACE_CASE_OUT", run.path());
    succeeded(&command.output().unwrap());
    let second = names(&run);
    let rotated: Vec<_> = second
        .iter()
        .filter(|name| name.starts_with("rotating.0"))
        .collect();
    assert!((3..=4).contains(&rotated.len()), "{rotated:?}");
    assert!(
        rotated.iter().all(|name| **name > last),
        "{last}: {rotated:?}"
    );
}

#[test]
fn snapshots_go_on_as_well_and_as_many_stay_as_may() {
    let run = Run::new("panic.trace");
    succeeded(&run.builds("snapshot panic"));
    succeeded(&run.builds("snapshot panic"));
    let expected = [
        "panic.snapshot-3.trace",
        "panic.snapshot-4.trace",
        "panic.trace",
    ];
    assert_eq!(names(&run), expected);
}
