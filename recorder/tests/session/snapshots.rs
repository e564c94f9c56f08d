//! Snapshots: by a call, a panic, a signal; how many, and where not.

use std::path::Path;

use hbtrace_recorder::{Builder, record, snapshot, thread};
use hbtrace_traces::event::NO_TIME;
use hbtrace_traces::kind::Kind;

use super::cases::hold;
use super::{Run, count, open, succeeded};

/// What the children do.
pub(crate) fn run(case: &str, out: &str) {
    let builder = || record(out).flight(1 << 20);
    match case {
        "nothing" => nothing(out),
        "called" => called(builder(), out),
        "panic" => panics(builder().snapshot_on_panic(true).snapshots(2)),
        "signal" => signalled(builder().snapshot_signal(libc::SIGUSR2)),
        "rotating" => rotates(builder().rotate(3), 6),
        "rotating on" => rotates(builder().rotate(3), 20),
        "refused" => {
            let error = record(out).snapshot_signal(libc::SIGKILL).start();
            let error = error.unwrap_err().to_string();
            assert!(
                error.contains("Builder::snapshot_signal was given 9, expected one of"),
                "{error}"
            );
        }
        _ => panic!("there is no case {case}"),
    }
}

fn nothing(out: &str) {
    let error = snapshot(out).unwrap_err();
    assert!(error.is_not_recording(), "{error}");
    assert!(error.to_string().contains("nothing is recorded"), "{error}");
}

fn called(builder: Builder, out: &str) {
    let session = builder.start().unwrap();
    hold(500);
    let writers = [(); 2].map(|()| thread::spawn(|| hold(200_000)));
    for number in 0..5 {
        snapshot(format!("{out}.{number}")).unwrap();
    }
    for writer in writers {
        writer.join().unwrap();
    }
    // A trace is replaced, what is none stays.
    snapshot(format!("{out}.0")).unwrap();
    std::fs::write(format!("{out}.kept"), "precious").unwrap();
    assert!(snapshot(format!("{out}.kept")).is_err());
    let error = snapshot("/nowhere/to/be/found.trace")
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("can't take a snapshot into /nowhere"),
        "{error}"
    );
    // The recording would go on in a file that nobody finds.
    let error = snapshot(out).unwrap_err().to_string();
    assert!(error.contains("a process records into it"), "{error}");
    session.stop();
    assert!(snapshot(out).unwrap_err().is_not_recording());
}

fn panics(builder: Builder) {
    let _session = builder.start().unwrap();
    hold(10);
    for _ in 0..3 {
        let panicked = thread::spawn(|| panic!("on purpose")).join();
        assert!(panicked.is_err());
    }
}

fn signalled(builder: Builder) {
    let _session = builder.start().unwrap();
    hold(100);
    for number in 1..=3 {
        // SAFETY: a signal that this process handles.
        assert_eq!(unsafe { libc::raise(libc::SIGUSR2) }, 0);
        hold(100);
        let name = format!("signal.snapshot-{number}.trace");
        wait_for(&snapshot_path(&name));
    }
}

/// Records until so many files were begun.
fn rotates(builder: Builder, files: u32) {
    let session = builder.start().unwrap();
    let last = snapshot_path(&format!("rotating.{files:06}.trace"));
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !last.exists() && std::time::Instant::now() < patience {
        let threads = [(); 2].map(|()| thread::spawn(|| hold(20_000)));
        for thread in threads {
            thread.join().unwrap();
        }
    }
    session.stop();
}

fn snapshot_path(name: &str) -> std::path::PathBuf {
    let out = std::env::var("HBTRACE_CASE_OUT").unwrap();
    Path::new(&out).with_file_name(name)
}

fn wait_for(path: &Path) {
    for _ in 0..1000 {
        if path.exists() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("{} never came", path.display());
}

#[test]
fn there_is_none_where_nothing_is_recorded() {
    succeeded(&Run::new("none.trace").builds("snapshot nothing"));
}

#[test]
fn a_call_copies_what_is_there_while_others_write() {
    let run = Run::new("called.trace");
    succeeded(&run.builds("snapshot called"));
    let end = open(&run.path());
    assert!(end.info.complete && end.info.flight);
    for number in 0..5 {
        let path = format!("{}.{number}", run.path().display());
        let trace = open(Path::new(&path));
        let info = &trace.info;
        assert!(info.flight && !info.truncated && !info.complete, "{info:?}");
        assert!(info.verdicts_to.is_some(), "{info:?}");
        assert!(info.warnings.iter().any(|it| it.contains("a snapshot")));
        assert!(count(&trace, Kind::Acq) > 100, "{number}");
        let events = trace.streams.iter().flat_map(|stream| &stream.sync);
        assert!(events.clone().any(|event| event.time != NO_TIME));
    }
    let kept = std::fs::read(format!("{}.kept", run.path().display())).unwrap();
    assert_eq!(kept, b"precious");
    let directory = run.path().with_file_name("");
    for entry in std::fs::read_dir(directory).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.ends_with(".part"), "{name} is left");
    }
}

#[test]
fn a_signal_asks_for_one() {
    let run = Run::new("signal.trace");
    succeeded(&run.builds("snapshot signal"));
    for number in 1..=3 {
        let name = format!("signal.snapshot-{number}.trace");
        let trace = open(&run.path().with_file_name(name));
        assert!(count(&trace, Kind::Rel) >= 100);
    }
    let fourth = run.path().with_file_name("signal.snapshot-4.trace");
    assert!(!fourth.exists());
}

#[test]
fn panics_take_as_many_as_they_may() {
    let run = Run::new("panic.trace");
    let output = run.builds("snapshot panic");
    succeeded(&output);
    let text = String::from_utf8_lossy(&output.stderr);
    let last = "panic.snapshot-2.trace, the last: 2 are allowed";
    assert!(text.contains(last), "{text}");
    let snapshot = |number| {
        let name = format!("panic.snapshot-{number}.trace");
        run.path().with_file_name(name)
    };
    assert!(count(&open(&snapshot(1)), Kind::Rel) >= 10);
    assert!(snapshot(2).exists() && !snapshot(3).exists());
}

#[test]
fn a_signal_that_means_something_else_is_refused() {
    succeeded(&Run::new("refused.trace").builds("snapshot refused"));
}

#[test]
fn a_rotation_keeps_the_last_files() {
    let run = Run::new("rotating.trace");
    succeeded(&run.builds("snapshot rotating"));
    let path = |number: u32| {
        let name = format!("rotating.{number:06}.trace");
        run.path().with_file_name(name)
    };
    // The sixth was there when the program stopped; more may have come.
    let there: Vec<u32> = (1..200).filter(|number| path(*number).exists()).collect();
    assert!((3..=4).contains(&there.len()) && there[0] > 2, "{there:?}");
    for number in there {
        let trace = open(&path(number));
        assert!(trace.info.flight, "file {number}");
        assert_eq!(trace.info.lost_events, 0);
        assert!(count(&trace, Kind::Rel) > 1000, "file {number}");
    }
}
