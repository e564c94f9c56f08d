//! What reading a `.trace` file costs: `cargo run --release --example walk_cost
//! [TRACE]`. Without a trace, one of four million accesses is made.

use std::path::{Path, PathBuf};
use std::time::Instant;

use hbtrace_traces::event::{Access, AccessKind, NO_TIME, SyncEvent};
use hbtrace_traces::id::{Location, SiteId};
use hbtrace_traces::kind::Kind;
use hbtrace_traces::read::{self, Options};
use hbtrace_traces::trace::{AccessStream, Info, Step, Stream, Thread, Trace};
use hbtrace_traces::write;

/// Accesses of the trace that is made, and of one of its segments.
const ACCESSES: u64 = 4_000_000;
const SEGMENT: u64 = 20;

fn made() -> Trace {
    let access = |at: u64| Access {
        location: Location {
            start: 4096 + at * 40 % (1 << 30),
            len: 8,
        },
        kind: [AccessKind::Read, AccessKind::Write][(at % 3 / 2) as usize],
        site: SiteId((at % 37) as u32),
        time: NO_TIME,
    };
    let event = |at: u64| {
        let mut event = SyncEvent::new(Kind::ThreadBegin);
        event.accesses = at * SEGMENT;
        event.site = SiteId(7);
        event
    };
    Trace {
        info: Info::default(),
        threads: vec![Thread::default()],
        objects: Vec::new(),
        sites: Vec::new(),
        streams: vec![Stream {
            sync: (0..ACCESSES / SEGMENT).map(event).collect(),
            accesses: AccessStream::Owned((0..ACCESSES).map(access).collect()),
            slices: Vec::new(),
            beyond: 0,
        }],
        steps: Vec::new(),
    }
}

/// Runs `work`, and prints what it took and what of it fell to each of `count`.
fn timed<R>(what: &str, count: u64, work: impl FnOnce() -> R) -> R {
    let start = Instant::now();
    let result = work();
    let took = start.elapsed();
    let each = took.as_secs_f64() * 1e9 / count.max(1) as f64;
    eprintln!(
        "{what:28} {:9.3} ms, {each:6.2} ns each",
        took.as_secs_f64() * 1e3
    );
    result
}

fn measure(path: &Path) -> Result<(), hbtrace_traces::error::Error> {
    let trace = timed("open and replay", 1, || {
        read::open(path, Options::default())
    })?;
    eprintln!("{} sync events", trace.sync_events());
    let streams = || trace.streams.iter().map(|stream| &stream.accesses);
    let count: u64 = timed("count", 1, || streams().map(AccessStream::count).sum());
    let mut sum = 0_u64;
    let mut add = |_: u64, access: Access| {
        sum = sum.wrapping_add(access.location.start ^ u64::from(access.site.0));
    };
    // Several rounds: the least is what it costs on a machine that is busy.
    for _ in 0..20 {
        timed("walk whole streams", count, || {
            streams().for_each(|stream| stream.walk(0..stream.end(), &mut add));
        });
        timed("walk step by step", count, || {
            for step in &trace.steps {
                if let Step::Accesses { thread, from, to } = *step {
                    trace.accesses(thread, from..to, &mut add);
                }
            }
        });
    }
    eprintln!("{count} accesses (check {sum:x})");
    Ok(())
}

fn main() -> Result<(), hbtrace_traces::error::Error> {
    if let Some(path) = std::env::args_os().nth(1) {
        return measure(&PathBuf::from(path));
    }
    let path = std::env::temp_dir().join(format!("walk_cost.{}.trace", std::process::id()));
    let trace = made();
    let done =
        timed("write", ACCESSES, || write::write(&trace, &path)).and_then(|()| measure(&path));
    // The temporary folder is emptied by others if this fails.
    let _ = std::fs::remove_file(&path);
    done
}
