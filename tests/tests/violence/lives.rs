//! Strange lives, of which nothing may be lost.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use hbtrace_traces::event::NO_TIME;
use hbtrace_traces::kind::Kind;
use hbtrace_traces::trace::Trace;

use super::{Run, Said, accesses, count, often, open, row, run, skipped};

/// Everything that the program says is there.
fn whole(trace: &Trace, said: &Said) -> String {
    assert!(trace.info.complete && !trace.info.truncated);
    assert_eq!(trace.info.lost_events, 0);
    assert_eq!(count(trace, Kind::Acq), said.number("holds"));
    assert_eq!(count(trace, Kind::Rel), said.number("holds"));
    assert_eq!(accesses(trace), said.number("accesses"));
    let done = 2 * said.number("holds") + said.number("accesses");
    format!("{done} events")
}

#[test]
fn a_process_that_forks_is_recorded_whole_and_its_children_not_at_all() {
    let times = often(1000, 5);
    for (case, what) in [
        ("fork:goes-on", "the child goes on"),
        ("fork:execs", "the child runs another program"),
        ("fork:crashes", "the child aborts"),
    ] {
        let at = Run::new();
        let said = run(&mut at.command(case, times)).succeeded();
        let trace = at.trace();
        let done = whole(&trace, &said);
        assert_eq!(
            trace.threads.len(),
            5,
            "threads of children are not recorded"
        );
        let others = std::fs::read_dir(at.directory.path()).unwrap().count();
        assert_eq!(others, 1, "a child made a file");
        let what = format!("fork beside 4 recording threads, {what}");
        row(
            &what,
            times,
            &done,
            "0",
            "of the parent; nothing of the children is recorded",
        );
    }
}

/// Memory of the same run without recording, in KiB.
fn native(at: &Run, case: &str, number: u64) -> u64 {
    let mut command = at.command(case, number);
    run(command.env_remove("HBTRACE_OUT"))
        .succeeded()
        .number("most")
}

fn many(case: &str, what: &str, number: u64) {
    let at = Run::new();
    let said = run(&mut at.command(case, number)).succeeded();
    let trace = at.trace();
    let done = whole(&trace, &said);
    assert_eq!(trace.threads.len() as u64, number + 1);
    let size = at.trace_file().metadata().unwrap().len();
    let notes = format!(
        "file {} KiB, {} bytes a thread; memory {} KiB, native {} KiB",
        size >> 10,
        size / number,
        said.number("most"),
        native(&at, case, number)
    );
    row(what, number, &done, "0", &notes);
}

#[test]
fn threads_that_live_shortly_are_recorded_whole() {
    many(
        "short-lives",
        "short-lived threads, 8 at once",
        often(100_000, 2000),
    );
}

#[test]
fn many_live_threads_are_recorded_whole() {
    many("crowd", "live threads, all at once", often(10_000, 500));
}

#[test]
fn what_happens_at_the_end_of_threads_and_of_the_process_is_recorded() {
    let at = Run::new();
    let said = run(&mut at.command("late", 0)).succeeded();
    let done = whole(&at.trace(), &said);
    let notes = "destructors before and behind the recorder's own, and a handler that was registered after the first event; one from before it would run after the file is closed";
    row(
        "destructors of thread-locals, `atexit`",
        100,
        &done,
        "0",
        notes,
    );
}

#[test]
fn what_handlers_record_is_there_or_counted() {
    let rounds = often(1_000_000, 20_000);
    for (case, kind) in [("sync", "sync events"), ("accesses", "accesses")] {
        let at = Run::new();
        let said = run(&mut at.command(&format!("handlers:{case}"), rounds)).succeeded();
        let trace = at.trace();
        let told = 2 * said.number("told");
        let found = match case {
            "sync" => count(&trace, Kind::Rmw) + count(&trace, Kind::Release),
            _ => accesses(&trace),
        };
        let lost = trace.info.lost_events;
        assert_eq!(found + lost, told, "{found} {kind} and {lost} lost");
        row(
            &format!("signal handlers that record {kind}, against 4 threads that do"),
            said.number("handled"),
            &format!("{told} events"),
            &format!("{lost}, all counted"),
            "a handler that interrupts the recorder itself loses its event; recorded + lost = done, exactly",
        );
    }
}

/// The shared library, built as an example beside this test.
fn library() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let build = program.parent().unwrap().parent().unwrap();
    build.join("examples").join("liblibrary.so")
}

#[test]
fn of_two_recorders_in_one_process_the_second_refuses() {
    let at = Run::new();
    let what = "two shared libraries, each with a recorder";
    if !library().exists() {
        return skipped(what, "the library is not built: `cargo build --examples`");
    }
    let copies = ["first.so", "second.so"].map(|name| at.file(name));
    for copy in &copies {
        std::fs::copy(library(), copy).unwrap();
    }
    let said = run(at.command("twice", 50).args(&copies)).succeeded();
    let trace = at.trace();
    assert!(trace.info.complete);
    assert_eq!(count(&trace, Kind::Rel), 50, "of the first library");
    let lines = said.errors.lines();
    let lines = lines.filter(|line| line.contains("another copy of the recorder"));
    assert_eq!(lines.count(), 1, "{}", said.errors);
    let files = std::fs::read_dir(at.directory.path()).unwrap().count();
    assert_eq!(files, 3, "two libraries and one trace");
    row(
        what,
        1,
        "100 holds",
        "50 of the second, not recorded",
        "the first records, the second refuses in one line",
    );
}

/// The stand-in for what may not be done to a machine.
pub(crate) fn shim(at: &Run) -> Option<PathBuf> {
    let shim = at.file("shim.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/violence/shim.c");
    let mut compiler = Command::new("cc");
    compiler
        .args(["-O2", "-shared", "-fPIC", "-o"])
        .arg(&shim)
        .arg(source);
    compiler
        .status()
        .is_ok_and(|status| status.success())
        .then_some(shim)
}

#[test]
fn steps_of_the_system_clock_change_no_time() {
    let at = Run::new();
    let what = "system clock steps by two hours at each look at it";
    let Some(shim) = shim(&at) else {
        return skipped(what, "no C compiler");
    };
    let begun = Instant::now();
    let mut command = at.command("hold", 20_000);
    command
        .env("LD_PRELOAD", shim)
        .env("SHIM_CLOCK", "1")
        .env("HBTRACE_TIME", "all");
    let said = run(&mut command).succeeded();
    let wall = begun.elapsed().as_nanos() as u64;
    let trace = open(&at.trace_file());
    let done = whole(&trace, &said);
    for stream in &trace.streams {
        let times: Vec<_> = stream.sync.iter().map(|event| event.time).collect();
        assert!(times.is_sorted() && !times.contains(&NO_TIME));
    }
    let (from, to) = trace.info.time.unwrap();
    assert!(to - from <= wall, "{from} to {to} within {wall} ns");
    let notes = "times come from the monotonic clock; only the start in UTC is of the system's";
    row(what, 1, &done, "0", notes);
}
