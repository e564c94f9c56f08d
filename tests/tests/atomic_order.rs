//! Whether the recorded order of atomics is the true one.
//!
//! Threads hammer on a few atomics and keep books of their own. Every value
//! that is written is unique, so the books tell which write each operation
//! read from; the trace tells it by versions. The two have to agree, event by
//! event: kinds, orderings and fences, too.
//!
//! `HBTRACE_STRESS=1000000` does as many operations (100,000 if not given).

// A test's own steps may fail it.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;

use hbtrace_recorder::sync::atomic::{AtomicU64, Ordering, fence};
use hbtrace_recorder::{Named, thread};
use hbtrace_traces::event::{MemoryOrder, SyncEvent};
use hbtrace_traces::kind::Kind;
use hbtrace_traces::trace::Trace;

const THREADS: u64 = 4;
const ATOMICS: usize = 3;

/// What a thread knows that it did.
struct Done {
    kind: Kind,
    order: MemoryOrder,
    /// Which atomic; `None` for a fence.
    atomic: Option<usize>,
    read: Option<u64>,
    written: Option<u64>,
}

/// A small generator of random numbers (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn pick<T: Copy>(&mut self, of: &[(T, MemoryOrder)]) -> (T, MemoryOrder) {
        of[self.next() as usize % of.len()]
    }
}

const LOADS: [(Ordering, MemoryOrder); 3] = [
    (Ordering::Relaxed, MemoryOrder::Relaxed),
    (Ordering::Acquire, MemoryOrder::Acquire),
    (Ordering::SeqCst, MemoryOrder::SeqCst),
];
const STORES: [(Ordering, MemoryOrder); 3] = [
    (Ordering::Relaxed, MemoryOrder::Relaxed),
    (Ordering::Release, MemoryOrder::Release),
    (Ordering::SeqCst, MemoryOrder::SeqCst),
];
const EXCHANGES: [(Ordering, MemoryOrder); 5] = [
    (Ordering::Relaxed, MemoryOrder::Relaxed),
    (Ordering::Acquire, MemoryOrder::Acquire),
    (Ordering::Release, MemoryOrder::Release),
    (Ordering::AcqRel, MemoryOrder::AcqRel),
    (Ordering::SeqCst, MemoryOrder::SeqCst),
];

/// One operation on one of the atomics, writing `value` if it writes.
fn operate(atomics: &[AtomicU64], random: &mut Random, value: u64, last: &mut [u64]) -> Done {
    let at = random.next() as usize % ATOMICS;
    let atomic = &atomics[at];
    let (kind, order, read, written) = match random.next() % 16 {
        0 => {
            let (order, recorded) = random.pick(&EXCHANGES[1..]);
            fence(order);
            return Done {
                kind: Kind::Fence,
                order: recorded,
                atomic: None,
                read: None,
                written: None,
            };
        }
        1..6 => {
            let (order, recorded) = random.pick(&LOADS);
            (Kind::Load, recorded, Some(atomic.load(order)), None)
        }
        6..9 => {
            let (order, recorded) = random.pick(&STORES);
            atomic.store(value, order);
            (Kind::Store, recorded, None, Some(value))
        }
        9..12 => {
            let (order, recorded) = random.pick(&EXCHANGES);
            let read = atomic.swap(value, order);
            (Kind::Rmw, recorded, Some(read), Some(value))
        }
        _ => {
            let (success, succeeded) = random.pick(&EXCHANGES);
            let (failure, failed) = random.pick(&LOADS);
            match atomic.compare_exchange(last[at], value, success, failure) {
                Ok(read) => (Kind::Rmw, succeeded, Some(read), Some(value)),
                Err(read) => (Kind::Load, failed, Some(read), None),
            }
        }
    };
    last[at] = written.or(read).unwrap();
    Done {
        kind,
        order,
        atomic: Some(at),
        read,
        written,
    }
}

/// The books of all threads, by the threads' names.
fn hammer(operations: u64) -> BTreeMap<String, Vec<Done>> {
    let atomics: Arc<[AtomicU64]> = (0..ATOMICS)
        .map(|at| AtomicU64::new(0).named(&atomic_name(at)))
        .collect();
    let threads: Vec<_> = (1..=THREADS)
        .map(|number| {
            let name = format!("hammer-{number}");
            let atomics = Arc::clone(&atomics);
            let body = move || {
                let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ number);
                let mut last = [0; ATOMICS];
                (0..operations / THREADS)
                    .map(|count| operate(&atomics, &mut random, number << 48 | count, &mut last))
                    .collect()
            };
            let thread = thread::Builder::new().name(name.clone()).spawn(body);
            (name, thread.unwrap())
        })
        .collect();
    threads
        .into_iter()
        .map(|(name, thread)| (name, thread.join().unwrap()))
        .collect()
}

fn atomic_name(at: usize) -> String {
    format!("atomic-{at}")
}

/// A thread's recorded atomic operations and fences.
fn recorded<'a>(trace: &'a Trace, name: &str) -> Vec<&'a SyncEvent> {
    let thread = trace.threads.iter().position(|thread| thread.name == name);
    let kinds = [Kind::Load, Kind::Store, Kind::Rmw, Kind::Fence];
    trace.streams[thread.unwrap()]
        .sync
        .iter()
        .filter(|event| kinds.contains(&event.kind))
        .collect()
}

#[test]
fn a_load_reads_the_recorded_store() {
    let operations =
        std::env::var("HBTRACE_STRESS").map_or(100_000, |count| count.parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("atomics.trace");
    let session = hbtrace_recorder::record(&path).start().unwrap();
    let books = hammer(operations);
    session.stop();
    let trace = hbtrace_traces::read::open(&path, Default::default()).unwrap();
    assert!(trace.info.complete && trace.info.lost_events == 0);

    // Version 0 of each is what it was created with.
    let mut values: BTreeMap<(usize, u64), u64> = (0..ATOMICS).map(|at| ((at, 0), 0)).collect();
    let mut reads = Vec::new();
    for (name, done) in &books {
        let events = recorded(&trace, name);
        assert_eq!(events.len(), done.len(), "{name}: events missing");
        for (done, event) in done.iter().zip(events) {
            assert_eq!((done.kind, done.order), (event.kind, event.order));
            let Some(at) = done.atomic else { continue };
            assert_eq!(trace.objects[event.object as usize].name, atomic_name(at));
            if let Some(written) = done.written {
                let other = values.insert((at, event.number), written);
                assert_eq!(other, None, "version {} twice", event.number);
            }
            if let Some(read) = done.read {
                let version = event.number - u64::from(done.written.is_some());
                reads.push(((at, version), read));
            }
        }
    }
    let wrong = reads
        .iter()
        .filter(|(version, read)| values.get(version) != Some(read))
        .count();
    assert_eq!(wrong, 0, "of {} reads", reads.len());
    for at in 0..ATOMICS {
        let versions = values.range((at, 0)..=(at, u64::MAX)).count() as u64;
        assert!(
            values.contains_key(&(at, versions - 1)),
            "versions have gaps"
        );
    }
    println!(
        "{} reads of {} versions, 0 wrong",
        reads.len(),
        values.len()
    );
}
