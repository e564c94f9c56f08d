//! What the recorder writes is what the reader reads: sites, places in program
//! order, names, figures of the header. One session a process, so one test.

use std::sync::Arc;
use std::thread;

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::sync::Mutex;
use hbtrace_traces::event::AccessKind;
use hbtrace_traces::kind::Kind;
use hbtrace_traces::read::{self, Options};
use hbtrace_traces::trace::{Stream, Trace};

const ROUNDS: u32 = 5000;
const THREADS: usize = 3;

/// Line numbers of the statements of a round.
struct Lines {
    before: u32,
    take: u32,
    within: u32,
}

fn round(lock: &Mutex<u64>, own: &mut Tracked<u64>, shared: &Tracked<u64>) -> Lines {
    let start = line!();
    own.set(u64::from(start));
    let mut guard = lock.lock().expect("not poisoned");
    let _ = shared.get();
    *guard += 1;
    Lines {
        before: start + 1,
        take: start + 2,
        within: start + 3,
    }
}

fn line_of(trace: &Trace, site: hbtrace_traces::id::SiteId) -> u32 {
    let site = trace.site(site).expect("every site is in the table");
    assert!(
        site.file
            .as_deref()
            .is_some_and(|file| file.ends_with("record_read.rs"))
    );
    site.line.expect("it has a line")
}

fn check(trace: &Trace, stream: &Stream, lines: &Lines) {
    let (mut from, mut takes) = (0, 0);
    // Kinds and lines of the accesses since the last take or drop.
    let mut found = Vec::new();
    for event in &stream.sync {
        stream.accesses.walk(from..event.accesses, |_, access| {
            found.push((access.kind, line_of(trace, access.site)));
        });
        from = event.accesses;
        match event.kind {
            Kind::Acq => {
                takes += 1;
                assert_eq!(line_of(trace, event.site), lines.take);
                assert_eq!(found, [(AccessKind::Write, lines.before)]);
                found.clear();
            }
            Kind::Rel => {
                assert_eq!(found, [(AccessKind::Read, lines.within)]);
                found.clear();
            }
            _ => {}
        }
    }
    assert_eq!(takes, ROUNDS);
    assert_eq!(stream.accesses.count(), u64::from(ROUNDS) * 2);
}

#[test]
fn a_recorded_run_is_read_as_it_was() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("run.trace");
    let session = hbtrace_recorder::record(&path).start().expect("started");
    let lock = Arc::new(Mutex::new(0_u64));
    let shared = Arc::new(Tracked::new(7_u64));
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let (lock, shared) = (Arc::clone(&lock), Arc::clone(&shared));
            thread::spawn(move || {
                let mut own = Tracked::new(0);
                let rounds = (0..ROUNDS).map(|_| round(&lock, &mut own, &shared));
                rounds.last().expect("some rounds")
            })
        })
        .collect();
    let lines = threads
        .into_iter()
        .map(|thread| thread.join().expect("no panic"));
    let lines = lines.last().expect("some threads");
    session.stop();

    let trace = read::open(&path, Options::default()).expect("read");
    assert_eq!(trace.info.warnings, Vec::<String>::new());
    assert!(trace.info.complete && !trace.info.truncated);
    assert_eq!(trace.info.lost_events, 0);
    assert_eq!(trace.info.pid, std::process::id());
    assert!(
        trace
            .info
            .time
            .is_some_and(|(from, to)| from <= to && to > 0)
    );
    let recorded = trace
        .streams
        .iter()
        .filter(|stream| stream.accesses.end() > 0);
    let recorded: Vec<_> = recorded.collect();
    assert_eq!(recorded.len(), THREADS);
    for stream in recorded {
        check(&trace, stream, &lines);
    }
    let mutexes = trace
        .objects
        .iter()
        .filter(|object| object.kind.name() == "mutex");
    let names: Vec<_> = mutexes.map(|object| &object.name).collect();
    assert_eq!(names.len(), 1);
    assert!(names[0].contains("record_read.rs:") && names[0].ends_with("#1"));
}
