//! Whether the recorded order of atomics is the true one.
//!
//! Threads hammer on a few atomics of all widths and keep books of their own:
//! what each operation read, and what it wrote. The trace tells by versions
//! which write each operation read from. The two have to agree, event by event:
//! kinds, orderings and fences, too, and each version was written once. (A fence
//! follows each load, since one that repeats the event before it is left out.) Some of
//! the atomics are as old as if their versions were about to pass the bits that
//! stand beside their values.
//!
//! `HBTRACE_STRESS=1000000` does as many operations (100,000 if not given).

// A test's own steps may fail it.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;

use hbtrace_recorder::sync::atomic::{
    AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering, fence,
};
use hbtrace_recorder::{Named, thread};
use hbtrace_traces::event::{MemoryOrder, SyncEvent};
use hbtrace_traces::kind::Kind;
use hbtrace_traces::trace::Trace;

const THREADS: u64 = 4;

/// An atomic of any width; what does not fit into it is cut off.
trait Atomic: Send + Sync {
    fn load(&self, order: Ordering) -> u64;
    fn store(&self, value: u64, order: Ordering);
    fn swap(&self, value: u64, order: Ordering) -> u64;
    fn add(&self, value: u64, order: Ordering) -> u64;
    fn exchange(&self, old: u64, new: u64, orders: (Ordering, Ordering)) -> Result<u64, u64>;
    /// A value as it fits.
    fn cut(&self, value: u64) -> u64;
}

macro_rules! atomics {
    ($($name:ty, $value:ty;)*) => {$(
        impl Atomic for $name {
            fn load(&self, order: Ordering) -> u64 {
                self.load(order) as u64
            }

            fn store(&self, value: u64, order: Ordering) {
                self.store(value as $value, order);
            }

            fn swap(&self, value: u64, order: Ordering) -> u64 {
                self.swap(value as $value, order) as u64
            }

            fn add(&self, value: u64, order: Ordering) -> u64 {
                self.fetch_add(value as $value, order) as u64
            }

            fn exchange(
                &self,
                old: u64,
                new: u64,
                (success, failure): (Ordering, Ordering),
            ) -> Result<u64, u64> {
                self.compare_exchange(old as $value, new as $value, success, failure)
                    .map(|value| value as u64)
                    .map_err(|value| value as u64)
            }

            fn cut(&self, value: u64) -> u64 {
                value as $value as u64
            }
        }
    )*};
}

atomics! {
    AtomicU8, u8;
    AtomicU16, u16;
    AtomicU32, u32;
    AtomicU64, u64;
}

fn pointer(value: u64) -> *mut u8 {
    std::ptr::without_provenance_mut(value as usize)
}

impl Atomic for AtomicPtr<u8> {
    fn load(&self, order: Ordering) -> u64 {
        self.load(order).addr() as u64
    }

    fn store(&self, value: u64, order: Ordering) {
        self.store(pointer(value), order);
    }

    fn swap(&self, value: u64, order: Ordering) -> u64 {
        self.swap(pointer(value), order).addr() as u64
    }

    fn add(&self, value: u64, order: Ordering) -> u64 {
        self.fetch_byte_add(value as usize, order).addr() as u64
    }

    fn exchange(&self, old: u64, new: u64, orders: (Ordering, Ordering)) -> Result<u64, u64> {
        self.compare_exchange(pointer(old), pointer(new), orders.0, orders.1)
            .map(|value| value.addr() as u64)
            .map_err(|value| value.addr() as u64)
    }

    fn cut(&self, value: u64) -> u64 {
        value
    }
}

/// Writes that the old ones among [`all`] have behind them: versions pass 31
/// bits, and 32, while the threads hammer.
fn ages(operations: u64) -> [u64; 2] {
    [(1 << 31) - operations / 40, (1 << 32) - operations / 80]
}

/// The atomics, each zero; those that are old have been written once since.
fn all(operations: u64) -> Vec<Box<dyn Atomic>> {
    let [one, two] = ages(operations);
    let old: Vec<AtomicU32> = [one, two].map(|age| AtomicU32::aged(7, age)).into();
    for (at, old) in old.iter().enumerate() {
        hbtrace_recorder::name(old, &atomic_name(at));
        old.store(0, Ordering::Relaxed);
    }
    let mut all: Vec<Box<dyn Atomic>> = Vec::new();
    all.extend(old.into_iter().map(|old| Box::new(old) as Box<dyn Atomic>));
    all.push(Box::new(AtomicU8::new(0).named(&atomic_name(2))));
    all.push(Box::new(AtomicU16::new(0).named(&atomic_name(3))));
    all.push(Box::new(AtomicU64::new(0).named(&atomic_name(4))));
    all.push(Box::new(AtomicPtr::new(pointer(0)).named(&atomic_name(5))));
    all
}

/// The first version of each that the books know: its value is zero.
fn first(operations: u64, at: usize) -> u64 {
    ages(operations).get(at).map_or(0, |age| age + 1)
}

/// What a thread knows that it did.
struct Done {
    kind: Kind,
    order: MemoryOrder,
    /// Which atomic; `None` for a fence.
    atomic: Option<usize>,
    read: Option<u64>,
    written: Option<u64>,
}

impl Done {
    fn fence(order: MemoryOrder) -> Done {
        Done {
            kind: Kind::Fence,
            order,
            atomic: None,
            read: None,
            written: None,
        }
    }
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
fn operate(atomics: &[Box<dyn Atomic>], random: &mut Random, value: u64, last: &mut [u64]) -> Done {
    let at = random.next() as usize % atomics.len();
    let atomic = &atomics[at];
    let value = atomic.cut(value);
    let (kind, order, read, written) = match random.next() % 16 {
        0 => {
            let (order, recorded) = random.pick(&EXCHANGES[1..]);
            fence(order);
            return Done::fence(recorded);
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
        9..11 => {
            let (order, recorded) = random.pick(&EXCHANGES);
            let read = atomic.swap(value, order);
            (Kind::Rmw, recorded, Some(read), Some(value))
        }
        11..13 => {
            let (order, recorded) = random.pick(&EXCHANGES);
            let read = atomic.add(value, order);
            let sum = atomic.cut(read.wrapping_add(value));
            (Kind::Rmw, recorded, Some(read), Some(sum))
        }
        _ => {
            let (success, succeeded) = random.pick(&EXCHANGES);
            let (failure, failed) = random.pick(&LOADS);
            match atomic.exchange(last[at], value, (success, failure)) {
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
fn hammer(atomics: Vec<Box<dyn Atomic>>, operations: u64) -> BTreeMap<String, Vec<Done>> {
    let atomics: Arc<[Box<dyn Atomic>]> = atomics.into();
    let threads: Vec<_> = (1..=THREADS)
        .map(|number| {
            let name = format!("hammer-{number}");
            let atomics = Arc::clone(&atomics);
            let body = move || {
                let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ number);
                let mut last = vec![0; atomics.len()];
                let mut done: Vec<Done> = Vec::new();
                for count in 0..operations / THREADS {
                    // Unique from 4 bytes on, for fewer than 2^24 rounds.
                    let value = number << 48 | number << 24 | count;
                    let next = operate(&atomics, &mut random, value, &mut last);
                    if next.kind == Kind::Load {
                        fence(Ordering::Release);
                        done.push(next);
                        done.push(Done::fence(MemoryOrder::Release));
                    } else {
                        done.push(next);
                    }
                }
                done
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
    let atomics = all(operations);
    let count = atomics.len();
    let books = hammer(atomics, operations);
    session.stop();
    let trace = hbtrace_traces::read::open(&path, Default::default()).unwrap();
    assert!(trace.info.complete && trace.info.lost_events == 0);

    let mut values: BTreeMap<(usize, u64), u64> = (0..count)
        .map(|at| ((at, first(operations, at)), 0))
        .collect();
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
    for at in 0..count {
        let first = first(operations, at);
        let versions = values.range((at, 0)..=(at, u64::MAX)).count() as u64;
        let last = first + versions - 1;
        assert!(values.contains_key(&(at, last)), "versions have gaps");
        assert!(at > 1 || last > (1 << (31 + at)), "{last} passes no bits");
    }
    println!(
        "{} reads of {} versions, 0 wrong",
        reads.len(),
        values.len()
    );
}
