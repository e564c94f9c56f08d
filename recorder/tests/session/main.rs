//! A session's life: how it starts and ends, what it does when it can't record,
//! and what it leaves alone. Each case is a process of its own: this program
//! run again with the name of a case.
#![cfg(feature = "record")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]
#![allow(unsafe_code)] // The cases that fork, and that handle a signal.

mod cases;
mod helper;
mod restarts;
mod room;
mod snapshots;

use std::io::Read;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use hbtrace_traces::kind::Kind;
use hbtrace_traces::read;
use hbtrace_traces::trace::Trace;

/// The children's entry. Does nothing where the tests run.
#[test]
fn child() {
    if let Ok(case) = std::env::var("HBTRACE_CASE") {
        let out = std::env::var("HBTRACE_CASE_OUT").unwrap_or_default();
        match case.strip_prefix("snapshot ") {
            Some(case) => snapshots::run(case, &out),
            None => cases::run(&case, &out),
        }
    }
}

struct Run {
    directory: tempfile::TempDir,
    name: &'static str,
}

impl Run {
    fn new(name: &'static str) -> Run {
        let directory = tempfile::tempdir().unwrap();
        Run { directory, name }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join(self.name)
    }

    fn command(&self, case: &str) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["child", "--exact", "--nocapture"])
            .env("HBTRACE_CASE", case);
        command
    }

    /// Runs a case that is recorded by the environment.
    fn recorded(&self, case: &str) -> Output {
        let mut command = self.command(case);
        command.env("HBTRACE_OUT", self.path()).output().unwrap()
    }

    /// Runs a case that starts its own session.
    fn builds(&self, case: &str) -> Output {
        let mut command = self.command(case);
        command
            .env("HBTRACE_CASE_OUT", self.path())
            .output()
            .unwrap()
    }

    fn trace(&self) -> Trace {
        open(&self.path())
    }
}

fn open(path: &Path) -> Trace {
    read::open(path, read::Options::default()).unwrap()
}

fn succeeded(output: &Output) {
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{errors}");
}

fn count(trace: &Trace, kind: Kind) -> usize {
    let events = trace.streams.iter().flat_map(|stream| &stream.sync);
    events.filter(|event| event.kind == kind).count()
}

#[test]
fn the_environment_switches_it_on_and_the_exit_closes_it() {
    let run = Run::new("hold.trace");
    succeeded(&run.recorded("hold"));
    let trace = run.trace();
    assert!(trace.info.complete && !trace.info.truncated);
    assert_eq!(count(&trace, Kind::Acq), 100);
    assert_eq!(count(&trace, Kind::Rel), 100);
    assert!(
        run.path().metadata().unwrap().len() < 1 << 20,
        "it is cut to size"
    );
}

#[test]
fn a_process_without_mirrored_operations_writes_nothing() {
    let run = Run::new("nothing.trace");
    succeeded(&run.recorded("nothing"));
    assert!(!run.path().exists());
}

#[test]
fn a_builder_starts_it_once_before_everything_else() {
    let run = Run::new("built.trace");
    succeeded(&run.builds("built"));
    let trace = run.trace();
    assert!(trace.info.complete);
    assert_eq!(count(&trace, Kind::Acq), 100);
    let events = trace.streams.iter().flat_map(|stream| &stream.sync);
    let timeless = events.filter(|event| event.time == hbtrace_traces::event::NO_TIME);
    assert_eq!(timeless.count(), 0, "all were to be stamped");
    let late = Run::new("late.trace");
    succeeded(&late.builds("late"));
    assert!(!late.path().exists());
}

#[test]
fn a_message_sent_after_the_end_ends_the_recording_of_who_receives_it() {
    let run = Run::new("send.trace");
    succeeded(&run.builds("stopped before a send"));
    let trace = run.trace();
    assert_eq!(count(&trace, Kind::Send), 0);
    let accesses = trace.streams.iter().map(|stream| stream.accesses.end());
    assert_eq!(
        accesses.sum::<u64>(),
        2,
        "one of each thread, before the end"
    );
}

#[test]
fn what_comes_after_a_stop_is_not_recorded() {
    let run = Run::new("stopped.trace");
    succeeded(&run.builds("stopped"));
    let trace = run.trace();
    assert!(trace.info.complete);
    assert_eq!(trace.info.lost_events, 0);
    assert_eq!(count(&trace, Kind::Rel), 10);
}

#[test]
fn a_thread_that_could_not_be_created_is_a_fork_without_a_thread() {
    let run = Run::new("none.trace");
    succeeded(&run.recorded("no thread"));
    let trace = run.trace();
    assert_eq!(count(&trace, Kind::Fork), 2);
    assert_eq!(count(&trace, Kind::ThreadBegin), 2);
    assert_eq!(count(&trace, Kind::Rel), 1);
}

#[test]
fn an_exit_on_another_thread_closes_it() {
    let run = Run::new("exit.trace");
    assert_eq!(run.recorded("exit").status.code(), Some(3));
    let trace = run.trace();
    assert!(trace.info.complete);
    assert_eq!(count(&trace, Kind::Rel), 50);
}

#[test]
fn a_setting_that_is_not_understood_is_told() {
    let settings = [
        ("HBTRACE_FLIGHT", "lots"),
        ("HBTRACE_FULL", "hope"),
        ("HBTRACE_TIME", "al"),
        ("HBTRACE_SNAPSHOT_SIGNAL", "usr2"),
        ("HBTRACE_SNAPSHOT_PANIC", "no"),
        ("HBTRACE_SNAPSHOTS", "few"),
        ("HBTRACE_ROTATE", "8"),
    ];
    for (variable, value) in settings {
        let run = Run::new("told.trace");
        let mut command = run.command("hold");
        command.env("HBTRACE_OUT", run.path());
        let output = command.env(variable, value).output().unwrap();
        succeeded(&output);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(
            text.contains(&format!("{variable} is {value:?}, expected")),
            "{text}"
        );
        assert!(!run.path().exists());
    }
}

#[test]
fn the_first_setting_that_is_not_understood_is_told() {
    let run = Run::new("told.trace");
    let mut command = run.command("hold");
    command.env("HBTRACE_OUT", run.path());
    // The rotation lacks a flight recording, but only since that is wrong.
    command
        .env("HBTRACE_FLIGHT", "lots")
        .env("HBTRACE_ROTATE", "8");
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("HBTRACE_FLIGHT is \"lots\""), "{text}");
}

#[test]
fn a_builder_overrules_what_it_says_itself_and_nothing_else() {
    let built = |variable: &str, value: &str| {
        let run = Run::new("overruled.trace");
        let mut command = run.command("flight by builder");
        command.env("HBTRACE_CASE_OUT", run.path());
        succeeded(&command.env(variable, value).output().unwrap());
        run.path().exists()
    };
    assert!(built("HBTRACE_FLIGHT", "lots"));
    assert!(built("HBTRACE_ROTATE", "8"), "it has its flight recording");
    assert!(!built("HBTRACE_ROTATE", "lots"));
    assert!(!built("HBTRACE_SNAPSHOT_SIGNAL", "KILL"));
}

#[test]
fn a_forked_child_leaves_its_parents_trace_alone() {
    let run = Run::new("fork.trace");
    succeeded(&run.recorded("fork"));
    let trace = run.trace();
    assert!(trace.info.complete);
    assert_eq!(trace.info.lost_events, 0);
    assert_eq!(count(&trace, Kind::Rel), 20);
    assert_eq!(trace.threads.len(), 1);
}

#[test]
fn a_signal_handler_drops_what_it_interrupts_and_counts_it() {
    let run = Run::new("signal.trace");
    let output = run.recorded("signal");
    succeeded(&output);
    let trace = run.trace();
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers = text.lines().find_map(|line| line.parse::<u64>().ok());
    let recorded = count(&trace, Kind::Rmw) as u64;
    let lost = trace.info.lost_sync_events;
    assert_eq!(count(&trace, Kind::Acq), count(&trace, Kind::Rel));
    // The first was no signal.
    assert!(
        recorded + lost > numbers.unwrap(),
        "{recorded} and {lost} of {numbers:?}"
    );
}

#[test]
fn destructors_of_thread_locals_record() {
    let run = Run::new("locals.trace");
    succeeded(&run.recorded("thread locals"));
    let trace = run.trace();
    assert_eq!(count(&trace, Kind::Rel), 8);
    assert_eq!(trace.info.lost_events, 0);
    assert!(trace.threads[0].foreign);
}

#[test]
fn a_file_that_a_live_process_records_into_is_left_alone() {
    let run = Run::new("shared.trace");
    let mut first = run
        .command("wait")
        .env("HBTRACE_OUT", run.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = Vec::new();
    while !said.ends_with(b"ready\n") {
        let mut byte = [0];
        let stdout = first.stdout.as_mut().unwrap();
        assert_eq!(stdout.read(&mut byte).unwrap(), 1);
        said.push(byte[0]);
    }
    succeeded(&run.recorded("hold"));
    drop(first.stdin.take());
    assert!(first.wait().unwrap().success());
    assert_eq!(count(&run.trace(), Kind::Rel), 1);
    let others = std::fs::read_dir(run.directory.path()).unwrap();
    let other = others
        .map(|entry| entry.unwrap().path())
        .find(|path| *path != run.path());
    assert_eq!(count(&open(&other.unwrap()), Kind::Rel), 100);
    // Nobody records into it any more.
    succeeded(&run.recorded("hold"));
    assert_eq!(count(&run.trace(), Kind::Rel), 100);
}

#[test]
fn the_path_may_hold_the_process_id() {
    let run = Run::new("run-%p.trace");
    succeeded(&run.recorded("hold"));
    let entries = std::fs::read_dir(run.directory.path()).unwrap();
    let paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(paths.len(), 1);
    let pid = open(&paths[0]).info.pid;
    assert!(paths[0].ends_with(format!("run-{pid}.trace")));
}

/// The service goes on, and one line says why nothing is recorded.
fn refuses(run: &Run) {
    let output = run.recorded("hold");
    succeeded(&output);
    let text = String::from_utf8_lossy(&output.stderr);
    let lines = text
        .lines()
        .filter(|line| line.starts_with("hbtrace: can't record"));
    assert_eq!(lines.count(), 1, "{text}");
    assert!(text.contains(run.name));
}

#[test]
fn a_path_that_is_no_file_is_told_in_one_line() {
    refuses(&Run::new("missing/directory.trace"));
    let directory = Run::new("directory");
    std::fs::create_dir(directory.path()).unwrap();
    refuses(&directory);
    let pipe = Run::new("pipe");
    let made = Command::new("mkfifo").arg(pipe.path()).status().unwrap();
    assert!(made.success());
    refuses(&pipe);
    assert!(pipe.path().metadata().unwrap().file_type().is_fifo());
    refuses(&Run::new("/dev/null"));
}

#[test]
fn a_file_that_is_no_trace_is_left_as_it_is() {
    let run = Run::new("precious.txt");
    std::fs::write(run.path(), "PRECIOUS\n").unwrap();
    refuses(&run);
    succeeded(&run.builds("refused"));
    assert_eq!(std::fs::read(run.path()).unwrap(), b"PRECIOUS\n");
    assert_eq!(run.directory.path().read_dir().unwrap().count(), 1);
}
