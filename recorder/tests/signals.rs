//! A handler that tells the recorder something interrupts a thread that does
//! the same: it must neither wait for its own thread nor go uncounted.
#![cfg(feature = "record")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]
#![allow(unsafe_code)] // A handler, and a signal to one thread.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hbtrace_recorder::{Token, acquire, outside, release, span};
use hbtrace_traces::kind::Kind;
use hbtrace_traces::read;
use hbtrace_traces::trace::Trace;

/// Signals that a child handles.
const SIGNALS: u64 = 100;
/// Long after this time a child that hangs is given up.
const PATIENCE: Duration = Duration::from_secs(60);

static TOKEN: Token = Token::new();
static HANDLED: AtomicU64 = AtomicU64::new(0);
static TOLD: AtomicU64 = AtomicU64::new(0);

/// Six events.
fn tell() {
    release(&TOKEN);
    acquire(&TOKEN);
    drop(outside("disk"));
    drop(span("request"));
    // Relaxed: a count, read by the thread that writes it.
    TOLD.fetch_add(1, Ordering::Relaxed);
}

extern "C" fn on_signal(_: i32) {
    tell();
    // Relaxed: a count.
    HANDLED.fetch_add(1, Ordering::Relaxed);
}

/// The children's work. Does nothing where the tests run.
#[test]
fn work() {
    if std::env::var_os("HBTRACE_CASE").is_none() {
        return;
    }
    // First uses allocate, which a handler must not interrupt.
    tell();
    // SAFETY: the handler only does what it does; this thread is alive while
    // the other one, which ends within the scope, sends it signals.
    let own = unsafe {
        libc::signal(libc::SIGUSR1, on_signal as *const () as usize);
        libc::pthread_self()
    };
    std::thread::scope(|scope| {
        let sender = scope.spawn(move || {
            for sent in 0..SIGNALS {
                // SAFETY: as above.
                unsafe { libc::pthread_kill(own, libc::SIGUSR1) };
                // Each is handled before the next, so that none is merged.
                while HANDLED.load(Ordering::Relaxed) <= sent {
                    std::thread::yield_now();
                }
            }
        });
        while !sender.is_finished() {
            tell();
        }
    });
    println!("told {}", TOLD.load(Ordering::Relaxed));
}

fn child() -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["work", "--exact", "--nocapture"])
        .env("HBTRACE_CASE", "work")
        .env_remove("HBTRACE_OUT")
        .stdout(Stdio::piped());
    command
}

/// What a child said, if it came to its end.
fn ended(mut child: Child) -> Option<String> {
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap())
}

fn count(trace: &Trace, kind: Kind) -> u64 {
    let events = trace.streams.iter().flat_map(|stream| &stream.sync);
    events.filter(|event| event.kind == kind).count() as u64
}

#[test]
fn what_a_handler_tells_does_not_deadlock_where_nothing_is_recorded_no_deadlock() {
    assert!(ended(child().spawn().unwrap()).is_some(), "it hangs");
}

#[test]
fn what_a_handler_tells_is_recorded_or_counted_no_deadlock() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.trace");
    let child = child().env("HBTRACE_OUT", &path).spawn().unwrap();
    let text = ended(child).expect("it hangs");
    let told = text.lines().find_map(|line| line.split_once("told "));
    let told: u64 = told.unwrap().1.parse().unwrap();
    let trace = read::open(&path, read::Options::default()).unwrap();
    let recorded: u64 = [Kind::Release, Kind::Acquire, Kind::Outside, Kind::Span]
        .map(|kind| count(&trace, kind))
        .iter()
        .sum();
    assert!(trace.info.lost_sync_events > 0, "none was interrupted");
    assert!(recorded <= 4 * told);
    assert!(
        recorded + trace.info.lost_sync_events >= 4 * told,
        "{recorded} and {} of {told} times",
        trace.info.lost_sync_events
    );
}
