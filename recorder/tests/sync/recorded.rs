//! Records tests of this program: runs itself with recording switched on, and
//! reads what it recorded.
//!
//! **Truth in the trace.** A stress tells what it really saw as a write of the
//! address that [`tell`] makes of it, between the events that it is about.

use std::path::Path;
use std::process::Command;

use hbtrace_traces::event::SyncEvent;
use hbtrace_traces::read;
use hbtrace_traces::trace::{Step, Trace};

/// First address of told truths.
const BASE: u64 = 1 << 40;

/// Something that a thread told, and its sync events around it.
pub(crate) struct Told {
    pub(crate) value: u64,
    pub(crate) before: Option<SyncEvent>,
    pub(crate) after: Option<SyncEvent>,
}

/// Puts `value` into the trace, if there is one.
pub(crate) fn tell(value: u64) {
    let address = (BASE + value * 8) as usize;
    hbtrace_recorder::write(std::ptr::without_provenance::<u8>(address), 8);
}

/// How many turns each thread of a stress takes: many where it records.
pub(crate) fn turns() -> u64 {
    match std::env::var("HBTRACE_STRESS") {
        Ok(turns) => turns.parse().expect("HBTRACE_STRESS is a number"),
        Err(_) if std::env::var_os("HBTRACE_OUT").is_some() => 10_000,
        Err(_) => 100,
    }
}

/// Runs the tests whose names contain `filter` and opens what they recorded.
pub(crate) fn record(filter: &str, more: &[&str]) -> Trace {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("run.trace");
    run(filter, more, &path);
    let trace = read::open(&path, read::Options::default()).expect("the trace is lawful");
    assert!(trace.info.complete, "the program ended by itself");
    assert_eq!(trace.info.lost_events, 0);
    trace
}

fn run(filter: &str, more: &[&str], path: &Path) {
    let output = Command::new(std::env::current_exe().expect("this program"))
        .arg(filter)
        .args(more)
        .env("HBTRACE_OUT", path)
        .env("RUST_BACKTRACE", "0")
        .output()
        .expect("this program runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(
        !text.contains("running 0 tests"),
        "no test is called {filter}"
    );
}

/// All that was told, in the trace's order.
pub(crate) fn told(trace: &Trace) -> Vec<Told> {
    let mut told: Vec<Told> = Vec::new();
    let mut last = vec![None; trace.threads.len()];
    let mut open: Vec<Vec<usize>> = vec![Vec::new(); trace.threads.len()];
    for step in &trace.steps {
        match *step {
            Step::Accesses { thread, from, to } => {
                trace.accesses(thread, from..to, |_, access| {
                    open[thread.index()].push(told.len());
                    told.push(Told {
                        value: (access.location.start - BASE) / 8,
                        before: last[thread.index()],
                        after: None,
                    });
                });
            }
            Step::Sync { thread, index } => {
                let event = *trace.sync(thread, index);
                last[thread.index()] = Some(event);
                for place in open[thread.index()].drain(..) {
                    told[place].after = Some(event);
                }
            }
        }
    }
    told
}

#[test]
fn every_mirror_passes_while_it_records() {
    let trace = record("of_the_mirror", &[]);
    assert!(trace.sync_events() > 1000);
}
