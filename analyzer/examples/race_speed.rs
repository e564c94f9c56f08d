//! How fast races are looked for: nanoseconds per access, beside a bare walk.
//!
//! `cargo run --release -p hbtrace-analyzer --example race_speed [MILLIONS]`
//!
//! Eight threads each take one of 64 locks, make 60 accesses, of which a third
//! go to what the lock guards and the rest along memory of the thread's own,
//! and let go. A second trace adds a counter that races.
//!
//! The figures are of processor time, so that other programs on the machine
//! don't show in them.

#![allow(clippy::print_stdout)]

use hbtrace_analyzer::race;
use hbtrace_traces::event::{Access, AccessKind, NO_TIME, SyncEvent};
use hbtrace_traces::id::{Location, SiteId, ThreadId};
use hbtrace_traces::kind::Kind;
use hbtrace_traces::trace::{AccessStream, Info, Step, Stream, Thread, Trace};

const THREADS: u32 = 8;
const LOCKS: u64 = 64;
const RUN: u64 = 60;

fn access(start: u64, kind: AccessKind, site: u32) -> Access {
    Access {
        location: Location { start, len: 8 },
        kind,
        site: SiteId(site),
        time: NO_TIME,
    }
}

/// The accesses of one critical section.
fn section(thread: u32, lock: u64, random: u64, races: bool, accesses: &mut Vec<Access>) {
    for at in 0..RUN {
        let kind = match (random >> at) & 3 {
            0 => AccessKind::Write,
            _ => AccessKind::Read,
        };
        let start = match at % 3 {
            0 => 0x10_0000 + lock * 4096 + (random >> 13) % 480 * 8 + at * 4,
            _ => (u64::from(thread + 2) << 24) + (random >> 20) % 16_384 * 8 + at * 8,
        };
        accesses.push(access(start, kind, at as u32 + 1));
    }
    if races {
        accesses.push(access(0x100, AccessKind::Write, 99));
    }
}

fn trace(millions: u64, races: bool) -> Trace {
    let sections = millions * 1_000_000 / RUN;
    let mut streams: Vec<(Vec<SyncEvent>, Vec<Access>)> =
        (0..THREADS).map(|_| (Vec::new(), Vec::new())).collect();
    let mut holds = vec![0; LOCKS as usize];
    let mut steps = Vec::new();
    let mut random = 1_u64;
    for _ in 0..sections {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let (thread, lock) = ((random >> 33) as u32 % THREADS, (random >> 40) % LOCKS);
        let (sync, accesses) = &mut streams[thread as usize];
        let from = accesses.len() as u64;
        section(thread, lock, random, races, accesses);
        let to = accesses.len() as u64;
        for (kind, position) in [(Kind::Acq, from), (Kind::Rel, to)] {
            let mut event = SyncEvent::new(kind);
            event.object = lock as u32;
            event.number = holds[lock as usize];
            event.accesses = position;
            steps.push(Step::Sync {
                thread: ThreadId(thread),
                index: sync.len() as u32,
            });
            sync.push(event);
            if kind == Kind::Acq {
                steps.push(Step::Accesses {
                    thread: ThreadId(thread),
                    from,
                    to,
                });
            }
        }
        holds[lock as usize] += 1;
    }
    Trace {
        info: Info::default(),
        threads: vec![Thread::default(); THREADS as usize],
        objects: Vec::new(),
        sites: Vec::new(),
        streams: streams
            .into_iter()
            .map(|(sync, accesses)| Stream {
                sync,
                accesses: AccessStream::Owned(accesses),
                slices: Vec::new(),
                beyond: 0,
            })
            .collect(),
        steps,
    }
}

fn walk(trace: &Trace) -> u64 {
    let mut sum = 0_u64;
    for step in &trace.steps {
        if let Step::Accesses { thread, from, to } = *step {
            trace.accesses(thread, from..to, |_, access| {
                sum = sum.wrapping_add(access.location.start);
            });
        }
    }
    sum
}

/// Processor time of all threads of this process so far, ended ones included.
fn processor_ns() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let mut fields = fields.split_whitespace().skip(11);
    let mut ticks = || fields.next().and_then(|ticks| ticks.parse::<f64>().ok());
    (ticks().unwrap_or(0.0) + ticks().unwrap_or(0.0)) * 1e7
}

fn main() {
    let millions = std::env::args().nth(1);
    let millions = millions.and_then(|text| text.parse().ok()).unwrap_or(20);
    for races in [false, true] {
        let trace = trace(millions, races);
        let accesses: usize = trace
            .streams
            .iter()
            .map(|stream| match &stream.accesses {
                AccessStream::Owned(accesses) => accesses.len(),
                AccessStream::Mapped(_) => 0,
            })
            .sum();
        let per_access = |start: f64| (processor_ns() - start) / accesses as f64;
        let start = processor_ns();
        let sum = walk(&trace);
        println!(
            "{accesses} accesses, bare walk: {:.2} ns per access ({sum:x})",
            per_access(start)
        );
        for workers in [1, 2] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(workers).build();
            let Ok(pool) = pool else { continue };
            let start = processor_ns();
            let found = pool.install(|| race::analyze(&trace));
            println!(
                "{workers} workers, {} racy pairs: {:.2} ns per access",
                found.len(),
                per_access(start)
            );
        }
    }
}
