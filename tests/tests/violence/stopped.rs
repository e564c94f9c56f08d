//! Who stops a process and lets it go on: job control, a debugger.

use std::process::{Command, Stdio};

use hbtrace_tests::acks::{Acks, WORKERS};

use super::deaths::{kill_at, wait_for};
use super::found::{self, Found};
use super::{Random, Run, often, open, row, skipped};

/// Steps between two stops, at most.
const APART: u64 = 2000;

/// A program that works until it is killed, in flight; `harm` is done to it
/// when it has told so many steps, again and again.
fn harmed(times: u64, mut harm: impl FnMut(u32)) -> Found {
    let mut random = Random::new();
    let run = Run::new();
    let acks = Acks::open(&run.file("acks")).unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_violence"))
        .arg("die:kill")
        .arg(run.file("acks"))
        .env("HBTRACE_OUT", run.trace_file())
        .env("HBTRACE_FLIGHT", "4M")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    for _ in 0..times {
        let next = acks.all() + 1 + random.below(APART);
        wait_for(&acks, next);
        harm(child.id());
    }
    let end = acks.all() + APART;
    kill_at(child, &acks, end);
    let told = std::array::from_fn::<_, WORKERS, _>(|worker| acks.told(worker));
    found::look(&open(&run.trace_file()), &told)
}

fn tell(what: &str, times: u64, found: &Found) {
    let notes = format!(
        "{} events, then SIGKILL; only the known findings",
        found.events
    );
    row(
        what,
        times,
        &format!("{} steps", found.told),
        &found.lost.to_string(),
        &notes,
    );
    assert_eq!(found.lost, 0);
}

#[test]
fn a_process_that_is_stopped_and_goes_on_loses_nothing() {
    let times = often(1000, 50);
    let found = harmed(times, |pid| {
        let pid = pid as libc::pid_t;
        // SAFETY: signals to a child of ours, a look whether it has stopped,
        // and a place for the answer.
        unsafe {
            let mut status = 0;
            libc::kill(pid, libc::SIGSTOP);
            libc::waitpid(pid, &raw mut status, libc::WUNTRACED);
            assert!(libc::WIFSTOPPED(status), "{status:#x}");
            libc::kill(pid, libc::SIGCONT);
        }
    });
    tell("SIGSTOP and SIGCONT, flight", times, &found);
}

#[test]
fn a_process_that_a_debugger_stops_loses_nothing() {
    let what = "a debugger attaches, looks at all stacks, and lets go, flight";
    let found = Command::new("gdb")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    if !found.is_ok_and(|status| status.success()) {
        return skipped(what, "no gdb");
    }
    let times = often(10, 1);
    let mut refused = false;
    let found = harmed(times, |pid| {
        let output = Command::new("gdb")
            .args([
                "-nx",
                "-batch",
                "-ex",
                "thread apply all bt 3",
                "-ex",
                "detach",
                "-p",
            ])
            .arg(pid.to_string())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        refused |= !text.contains("Thread 4");
    });
    if refused {
        return skipped(what, "it may not attach here");
    }
    tell(what, times, &found);
}
