//! Violence: a recorded program is killed, starved, forked, stopped and
//! interrupted, and what its recording has lost is counted.
//!
//! Each test prints rows of the table in `recorder/VIOLENCE.md`, which says
//! what is tested. In short form they run with all tests; `tests/violence.sh`
//! runs the long one. `HBTRACE_VIOLENCE` says how often a process is killed
//! (each other death a tenth of it), `HBTRACE_SEED` at which moments,
//! `HBTRACE_WAY` of what only.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]
#![allow(unsafe_code)] // Signals to children.

mod deaths;
mod found;
mod lives;
mod room;
mod soak;
mod stopped;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hbtrace_traces::kind::Kind;
use hbtrace_traces::read;
use hbtrace_traces::trace::Trace;

/// Long after this time a program that does not come on is given up.
const PATIENCE: Duration = Duration::from_secs(300);

/// How often a process is killed, if this is the long form.
fn long() -> Option<u64> {
    let given = std::env::var("HBTRACE_VIOLENCE").ok()?;
    Some(given.parse().unwrap())
}

/// A number for the long form, else one for the short form.
fn often(long_form: u64, short_form: u64) -> u64 {
    if long().is_some() {
        long_form
    } else {
        short_form
    }
}

/// Random numbers (xorshift), from `HBTRACE_SEED` if it is set.
struct Random(u64);

impl Random {
    fn new() -> Random {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let given = std::env::var("HBTRACE_SEED").map(|seed| seed.parse().unwrap());
        let seed = given.unwrap_or_else(|_| u64::from(now().subsec_nanos()) | 1);
        // Shown where a test fails.
        println!("again with HBTRACE_SEED={seed}");
        Random(seed)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// A row of the table.
fn row(what: &str, times: u64, done: &str, lost: &str, notes: &str) {
    println!("| {what} | {times} | {done} | {lost} | {notes} |");
}

/// Something that can't be done here.
fn skipped(what: &str, why: &str) {
    row(what, 0, "-", "-", &format!("skipped: {why}"));
}

fn is_root() -> bool {
    // SAFETY: it asks who we are.
    unsafe { libc::geteuid() == 0 }
}

/// The program, in a directory of its own.
struct Run {
    directory: tempfile::TempDir,
}

impl Drop for Run {
    /// What made a test fail is kept.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.directory.disable_cleanup(true);
            println!("kept {}", self.directory.path().display());
        }
    }
}

/// How a run ended and what it said.
struct Said {
    status: ExitStatus,
    numbers: HashMap<String, u64>,
    errors: String,
}

impl Run {
    fn new() -> Run {
        let directory = tempfile::tempdir().unwrap();
        Run { directory }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn trace_file(&self) -> PathBuf {
        self.file("run.trace")
    }

    /// The program with a case and its number, recorded into our file.
    fn command(&self, case: &str, number: u64) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_violence"));
        command
            .args([case, "-", &number.to_string()])
            .env("HBTRACE_OUT", self.trace_file());
        command
    }

    fn trace(&self) -> Trace {
        open(&self.trace_file())
    }
}

fn open(path: &Path) -> Trace {
    read::open(path, read::Options::default()).unwrap()
}

/// Runs it to its end.
fn run(command: &mut Command) -> Said {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers = text.lines().filter_map(|line| {
        let (word, number) = line.split_once(' ')?;
        Some((word.to_owned(), number.parse().ok()?))
    });
    Said {
        status: output.status,
        numbers: numbers.collect(),
        errors: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Said {
    fn number(&self, word: &str) -> u64 {
        self.numbers.get(word).copied().unwrap_or(0)
    }

    fn succeeded(self) -> Said {
        assert!(self.status.success(), "{} {}", self.status, self.errors);
        self
    }
}

fn count(trace: &Trace, kind: Kind) -> u64 {
    let events = trace.streams.iter().flat_map(|stream| &stream.sync);
    events.filter(|event| event.kind == kind).count() as u64
}

fn accesses(trace: &Trace) -> u64 {
    let streams = trace.streams.iter();
    streams.map(|stream| stream.accesses.count()).sum()
}
