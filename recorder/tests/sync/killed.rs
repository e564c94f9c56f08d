//! Killed at any instant, a trace holds no acquire without its release.
//!
//! A child uses every primitive of `sync` without end and is killed; what is
//! in its file is checked as it lies there, before any replay could order it.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hbtrace_recorder::sync::mpsc::{channel, sync_channel};
use hbtrace_recorder::sync::{Barrier, Condvar, Mutex, OnceLock, RwLock, RwLockWriteGuard};
use hbtrace_recorder::thread;
use hbtrace_traces::event::SyncEvent;
use hbtrace_traces::kind::Kind;
use hbtrace_traces::read;
use hbtrace_traces::trace::Trace;

const PARTIES: u64 = 3;
const TURNS: usize = 20;
/// Long after this time a child that does not record is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Every primitive, round after round, for ever where `HBTRACE_ENDLESS` says so.
#[test]
fn work() {
    let endless = std::env::var_os("HBTRACE_ENDLESS").is_some();
    let rounds = AtomicU64::new(0);
    while endless || rounds.load(Ordering::Relaxed) < 20 {
        rounds.fetch_add(1, Ordering::Relaxed);
        round();
    }
}

fn round() {
    let state = (Mutex::new(0_u64), Condvar::new());
    let table = RwLock::new(0_u64);
    let cells = [const { OnceLock::new() }; TURNS];
    let barrier = Barrier::new(PARTIES as usize);
    let (unbounded, all) = channel();
    let (bounded, some) = sync_channel(2);
    let (rendezvous, one) = sync_channel(0);
    thread::scope(|scope| {
        for id in 0..PARTIES {
            let (state, table, cells, barrier) = (&state, &table, &cells, &barrier);
            let (unbounded, bounded, rendezvous) =
                (unbounded.clone(), bounded.clone(), rendezvous.clone());
            scope.spawn(move || {
                for (k, cell) in cells.iter().enumerate() {
                    barrier.wait();
                    let one = *cell.get_or_init(|| 1);
                    let mut turn = state.0.lock().expect("no panic");
                    while *turn % PARTIES != id {
                        turn = state.1.wait(turn).expect("no panic");
                    }
                    *turn += 1;
                    state.1.notify_all();
                    drop(turn);
                    if k % 4 == 0 {
                        let mut guard = table.write().expect("no panic");
                        *guard += one;
                        drop(RwLockWriteGuard::downgrade(guard));
                    }
                    let value = *table.read().expect("no panic");
                    unbounded.send(value).expect("received below");
                    bounded.send(value).expect("received below");
                    rendezvous.send(value).expect("received below");
                }
            });
        }
        drop((unbounded, bounded, rendezvous));
        scope.spawn(move || all.iter().count());
        scope.spawn(move || some.iter().count());
        scope.spawn(move || one.iter().count());
    });
    abandoned();
}

/// Sends that fail since the receiver goes meanwhile.
fn abandoned() {
    let (unbounded, all) = channel();
    let (rendezvous, one) = sync_channel(0);
    thread::scope(|scope| {
        scope.spawn(move || drop((all, one)));
        scope.spawn(move || {
            while unbounded.send(1).is_ok() {
                thread::yield_now();
            }
            rendezvous.send(1).expect_err("nobody receives it");
        });
    });
}

/// All sync events, thread after thread, as the file holds them.
fn events(trace: &Trace) -> impl Iterator<Item = &SyncEvent> {
    trace.streams.iter().flat_map(|stream| &stream.sync)
}

/// The lock of an event that begins or ends a hold.
fn lock(event: &SyncEvent) -> u32 {
    Trace::lock_of(event).0
}

fn check_holds(trace: &Trace) {
    let mut ended = HashSet::new();
    let mut shared: HashMap<(u32, u64), i64> = HashMap::new();
    for event in events(trace) {
        let hold = (lock(event), event.number);
        match event.kind {
            Kind::Rel | Kind::Wait => drop(ended.insert(hold)),
            Kind::Downgrade => {
                ended.insert(hold);
                *shared.entry((hold.0, hold.1 + 1)).or_default() += 1;
            }
            Kind::ReadAcq => *shared.entry(hold).or_default() += 1,
            Kind::ReadRel => *shared.entry(hold).or_default() -= 1,
            _ => {}
        }
    }
    for event in events(trace) {
        let hold = (lock(event), event.number);
        match event.kind {
            Kind::Acq | Kind::Woken | Kind::ReadAcq if event.number > 0 => {
                assert!(ended.contains(&(hold.0, hold.1 - 1)), "{event:?}");
            }
            _ => {}
        }
        if matches!(event.kind, Kind::Acq | Kind::Woken) {
            // A shared hold that was recorded has ended before, and only there.
            assert!(shared.get(&hold).is_none_or(|open| *open <= 0), "{event:?}");
        }
    }
}

fn check_others(trace: &Trace) {
    let mut there = HashSet::new();
    let mut arrivals: HashMap<(u32, u64), u64> = HashMap::new();
    for event in events(trace) {
        there.insert((event.kind, event.object, event.number));
        if event.kind == Kind::Arrive {
            *arrivals.entry((event.object, event.number)).or_default() += 1;
        }
    }
    let has = |kind, event: &SyncEvent| there.contains(&(kind, event.object, event.number));
    for event in events(trace) {
        let lawful = match event.kind {
            Kind::Recv => has(Kind::Send, event),
            Kind::Sent if event.number > 0 => has(Kind::Recv, event),
            Kind::OnceGet => has(Kind::OnceDone, event),
            Kind::Acquire if event.number > 0 => has(Kind::Release, event),
            Kind::Depart => arrivals[&(event.object, event.number)] == PARTIES,
            _ => true,
        };
        assert!(lawful, "{event:?} without its release");
    }
}

/// Whether the header is there.
fn begun(path: &Path) -> bool {
    let mut magic = [0; 8];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && magic != [0; 8]
}

/// Lets a child record, and kills it after about `delay`.
fn killed(delay: Duration) -> Trace {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("run.trace");
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["killed::work", "--exact"])
        .env("HBTRACE_OUT", &path)
        .env("HBTRACE_ENDLESS", "1")
        .stdout(Stdio::null())
        .spawn()
        .expect("this program runs");
    let deadline = Instant::now() + PATIENCE;
    while !begun(&path) {
        let status = child.try_wait().expect("it is a child of ours");
        assert_eq!(status, None, "it ended before it recorded");
        if Instant::now() > deadline {
            child.kill().expect("it runs");
            child.wait().expect("it was killed");
            panic!("it did not begin to record");
        }
        thread::yield_now();
    }
    std::thread::sleep(Duration::from_millis(5) + delay);
    child.kill().expect("it runs");
    child.wait().expect("it was killed");
    read::open(&path, read::Options::default()).expect("a killed trace is lawful")
}

#[test]
fn no_acquire_is_there_without_its_release() {
    let kills = std::env::var("HBTRACE_KILLS").map_or(8, |kills| kills.parse().unwrap());
    let mut seen = 0;
    for kill in 0_u64..kills {
        // Any spread of moments does: a step that shares nothing with the range.
        let trace = killed(Duration::from_micros(kill * 37_127 % 150_000));
        assert!(!trace.info.complete);
        check_holds(&trace);
        check_others(&trace);
        seen += trace.sync_events();
    }
    assert!(seen > 1000 * kills, "{seen} events in {kills} traces");
}
