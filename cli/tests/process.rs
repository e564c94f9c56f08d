//! What only a process of its own can show: exit codes as a shell sees them,
//! signals, a closed stdout. All else is tested in process.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// One race.
const RACE: &str = "A|w(x)|a.rs:1:1\nB|w(x)|b.rs:2:2\n";

fn hbtrace(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hbtrace"));
    command.current_dir(directory).env_remove("NO_COLOR");
    command
}

/// Runs `hbtrace` with arguments separated by blanks.
fn run(directory: &Path, arguments: &str) -> Output {
    let mut command = hbtrace(directory);
    command.args(arguments.split(' ')).output().unwrap()
}

fn shell(directory: &Path, script: &str) -> Output {
    let mut command = hbtrace(directory);
    command
        .args(["record", "--", "sh", "-c", script])
        .output()
        .unwrap()
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("race.std"), RACE).unwrap();
    folder
}

fn error_line(output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "more than a line: {text}");
    text
}

#[test]
fn findings_are_exit_code_1() {
    let folder = folder();
    let output = run(folder.path(), "analyze race.std");
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("race: two writes of `x`"), "{text}");
    assert!(!text.contains('\x1b'), "colours in a pipe: {text}");
    assert!(output.stderr.is_empty());
}

#[test]
fn a_closed_stdout_is_no_failure() {
    let folder = folder();
    let many: String = (0..20_000)
        .map(|n| format!("A|w(x)|{n}\nB|w(x)|-{n}\n"))
        .collect();
    fs::write(folder.path().join("long.std"), many).unwrap();
    for arguments in [
        ["dump", "long.std"],
        ["analyze", "race.std"],
        ["analyze", "--help"],
    ] {
        let mut command = hbtrace(folder.path());
        let mut child = command
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let expected = i32::from(arguments == ["analyze", "race.std"]);
        assert_eq!(output.status.code(), Some(expected), "{arguments:?}");
        assert!(output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_full_disk_is_told() {
    let folder = folder();
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut command = hbtrace(folder.path());
    let output = command
        .args(["dump", "race.std"])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(error_line(&output).starts_with("error: standard output can't be written: "));
}

#[test]
fn record_exits_as_the_program_does() {
    let folder = folder();
    assert_eq!(shell(folder.path(), "exit 0").status.code(), Some(0));
    assert_eq!(shell(folder.path(), "exit 7").status.code(), Some(7));
    assert_eq!(
        shell(folder.path(), "kill -KILL $$").status.code(),
        Some(137)
    );
}

#[test]
fn record_says_that_the_program_wrote_no_trace() {
    let folder = folder();
    let output = shell(folder.path(), "exit 7");
    let said = error_line(&output);
    assert!(said.starts_with("warning: sh wrote no trace to "));
    assert!(said.contains("does not link hbtrace-recorder"), "{said}");
}

#[test]
fn record_sees_what_the_program_wrote() {
    let folder = folder();
    let script = "test \"$HBTRACE_OUT\" = \"$PWD/sh.trace\" && printf HBTRACE > \"$HBTRACE_OUT\"";
    let output = shell(folder.path(), script);
    assert_eq!(output.status.code(), Some(0));
    assert!(error_line(&output).starts_with("recorded "));
    // Left from the first run.
    let output = shell(folder.path(), "exit 0");
    assert!(error_line(&output).starts_with("warning: sh wrote no trace to "));
}

#[test]
fn record_leaves_what_is_no_trace_as_it_is() {
    let folder = folder();
    let precious = folder.path().join("race.std");
    for path in ["race.std", "/dev/null"] {
        let output = run(
            folder.path(),
            &format!("record -o {path} -- touch has-run-all-the-same"),
        );
        assert_eq!(output.status.code(), Some(125), "{path}");
        let said = error_line(&output);
        assert!(said.contains("exists and is not a trace"), "{said}");
        assert_eq!(fs::read_to_string(&precious).unwrap(), RACE);
        assert!(!folder.path().join("has-run-all-the-same").exists());
    }
    std::os::unix::fs::symlink("elsewhere", folder.path().join("link.trace")).unwrap();
    let output = run(folder.path(), "record -o link.trace -- true");
    assert_eq!(output.status.code(), Some(125));
    assert!(error_line(&output).contains("is a symbolic link"));
    fs::write(folder.path().join("old.trace"), [0; 8192]).unwrap();
    let output = run(folder.path(), "record -o old.trace -- true");
    assert_eq!(output.status.code(), Some(0), "its header was not finished");
}

#[test]
fn record_finds_a_trace_that_bears_the_process_id() {
    let folder = folder();
    let record = |script: &str| {
        let mut command = hbtrace(folder.path());
        command.args(["record", "-o", "run%-%p.trace", "--", "sh", "-c", script]);
        error_line(&command.output().unwrap())
    };
    let said = record("printf HBTRACE > run%-$$.trace");
    assert!(
        said.starts_with("recorded ") && !said.contains("%p"),
        "{said}"
    );
    let said = record("printf HBTRACE > run%-$$.trace.$$");
    assert!(said.starts_with("recorded "), "{said}");
    let said = record("printf HBTRACE > run%-$$; touch -d 2020-01-01 run%-$$.trace");
    assert!(said.starts_with("warning: sh wrote no trace to "), "{said}");
}

#[test]
fn record_names_the_file_beside_one_that_is_taken() {
    let folder = folder();
    let output = shell(folder.path(), "printf HBTRACE | tee sh.trace > sh.trace.$$");
    let said = error_line(&output);
    assert!(
        said.starts_with("recorded ") && !said.ends_with("sh.trace\n"),
        "{said}"
    );
}

#[test]
fn record_does_not_hand_on_a_time_of_its_own_environment() {
    let folder = folder();
    let mut command = hbtrace(folder.path());
    let script = "echo time=$HBTRACE_TIME";
    command.args(["record", "--time", "waits", "--", "sh", "-c", script]);
    command.env("HBTRACE_TIME", "all");
    assert_eq!(command.output().unwrap().stdout, b"time=\n");
    let mut command = hbtrace(folder.path());
    command.args(["record", "--", "sh", "-c", script]);
    command.env("HBTRACE_TIME", "all");
    assert_eq!(
        command.output().unwrap().stdout,
        b"time=all\n",
        "unless told"
    );
}

#[test]
fn record_hands_on_options_of_the_program() {
    let folder = folder();
    let arguments = "record --time all -- env -i --help";
    let output = run(folder.path(), arguments);
    assert!(String::from_utf8(output.stdout).unwrap().contains("env"));
    let output = shell(folder.path(), "echo time=$HBTRACE_TIME");
    assert_eq!(output.stdout, b"time=\n");
    let mut command = hbtrace(folder.path());
    let script = "echo time=$HBTRACE_TIME";
    command.args(["record", "--time", "all", "--", "sh", "-c", script]);
    assert_eq!(command.output().unwrap().stdout, b"time=all\n");
}

#[test]
fn record_hands_on_what_is_to_be_kept() {
    let folder = folder();
    let mut command = hbtrace(folder.path());
    let script = "echo $HBTRACE_FLIGHT $HBTRACE_SNAPSHOT_SIGNAL $HBTRACE_SNAPSHOT_PANIC";
    command.args(["record", "--flight", "64M", "--snapshot-signal", "USR2"]);
    command.args(["--snapshot-on-panic", "--", "sh", "-c", script]);
    assert_eq!(command.output().unwrap().stdout, b"64M USR2 1\n");
}

#[test]
fn what_the_recorder_would_not_understand_is_wrong_usage_before_the_program_starts() {
    let folder = folder();
    let refused = |command: &mut Command, said: &str| {
        command.args(["--", "touch", "has-run-all-the-same"]);
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(said), "{text}");
        assert!(!folder.path().join("has-run-all-the-same").exists());
    };
    for (options, said) in [
        ("--flight 64Mb", "a size such as 512K, 64M or 1G"),
        ("--snapshot-signal KILL", "one of HUP, QUIT"),
        ("--flight 64M --rotate few", "few"),
        ("--flight 64M --rotate 0", "0"),
    ] {
        let mut command = hbtrace(folder.path());
        refused(command.arg("record").args(options.split(' ')), said);
    }
    for (variable, value, said) in [
        ("HBTRACE_FULL", "hope", "drop or wait"),
        ("HBTRACE_FLIGHT", "64X", "a size"),
        ("HBTRACE_ROTATE", "8", "HBTRACE_FLIGHT beside it"),
        ("HBTRACE_SNAPSHOTS", "few", "how many"),
        ("HBTRACE_CRASHES", "-1", "how many"),
    ] {
        let mut command = hbtrace(folder.path());
        let said = format!("error: {variable} is {value:?}, expected {said}");
        refused(command.arg("record").env(variable, value), &said);
    }
    // An option counts more than the environment.
    let mut command = hbtrace(folder.path());
    command.args(["record", "--flight", "64MB", "--", "true"]);
    let output = command.env("HBTRACE_FLIGHT", "lots").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn record_tells_its_own_failures_apart() {
    let folder = folder();
    let output = run(folder.path(), "record -- no-such-program");
    assert_eq!(output.status.code(), Some(127));
    assert!(error_line(&output).starts_with("error: no-such-program can't be run: "));
    let output = run(folder.path(), "record -- ./race.std");
    assert_eq!(output.status.code(), Some(126));
    let output = run(folder.path(), "record -o no-such-folder/x.trace -- true");
    assert_eq!(output.status.code(), Some(125));
    let output = run(folder.path(), "record -o race.std -- true");
    assert_eq!(output.status.code(), Some(125));
    assert_eq!(
        fs::read_to_string(folder.path().join("race.std")).unwrap(),
        RACE
    );
}

#[test]
fn record_passes_on_a_request_to_end() {
    passes_on("TERM");
}

#[test]
fn record_passes_on_a_request_for_a_snapshot() {
    passes_on("USR2");
}

fn passes_on(signal: &str) {
    let folder = folder();
    let script = format!(
        "trap 'kill $p; exit 9' {signal}; sleep 60 >/dev/null 2>&1 & p=$!; echo ready; wait"
    );
    let mut command = hbtrace(folder.path());
    let mut child = command
        .args(["record", "--", "sh", "-c", &script])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let pid = child.id().to_string();
    let killed = Command::new("kill").args(["-s", signal, &pid]).status();
    assert!(killed.unwrap().success());
    out.read_to_string(&mut line).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(9));
}
