//! Recorded order against truth: locks, condition variables, barriers and once
//! cells. Channels are in [`channels`], requests for locks in [`requests`].
//!
//! Each stress is a test of its own (`..._work`), run once more recorded; what
//! its threads saw is in the trace beside what was recorded of it.

use std::collections::BTreeMap;

use hbtrace_recorder::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use hbtrace_recorder::sync::{Barrier, Condvar, Mutex, Once, OnceLock, RwLock, RwLockWriteGuard};
use hbtrace_recorder::thread;
use hbtrace_traces::event::SyncEvent;
use hbtrace_traces::kind::Kind;
use hbtrace_traces::trace::{Step, Trace};

use crate::recorded::{Told, record, tell, told, turns};

mod channels;
mod requests;

const THREADS: u64 = 4;

/// The sync events of the trace, in replay order.
fn events(trace: &Trace) -> impl Iterator<Item = &SyncEvent> {
    trace.steps.iter().filter_map(|step| match *step {
        Step::Sync { thread, index } => Some(trace.sync(thread, index)),
        Step::Accesses { .. } => None,
    })
}

fn count(trace: &Trace, kind: Kind) -> u64 {
    events(trace).filter(|event| event.kind == kind).count() as u64
}

fn before(told: &Told) -> SyncEvent {
    told.before.expect("an event before what was told")
}

fn after(told: &Told) -> SyncEvent {
    told.after.expect("an event after what was told")
}

fn exactly(filter: &str) -> Trace {
    record(filter, &["--exact"])
}

#[test]
fn mutex_work() {
    let value = Mutex::new(0);
    thread::scope(|scope| {
        for turn in 0..THREADS {
            let value = &value;
            scope.spawn(move || {
                for _ in 0..turns() {
                    let guard = match turn {
                        0 => value.try_lock().ok(),
                        _ => value.lock().ok(),
                    };
                    if let Some(mut guard) = guard {
                        tell(*guard);
                        *guard += 1;
                    }
                }
            });
        }
    });
}

#[test]
fn mutex_holds_are_numbered_as_they_were() {
    let trace = exactly("order::mutex_work");
    let told = told(&trace);
    for told in &told {
        assert_eq!(before(told).kind, Kind::Acq);
        assert_eq!(before(told).number, told.value);
        assert_eq!(
            (after(told).kind, after(told).number),
            (Kind::Rel, told.value)
        );
    }
    // Replay keeps the values' order as well.
    assert!(told.iter().map(|told| told.value).eq(0..told.len() as u64));
}

#[test]
fn rwlock_work() {
    let value = RwLock::new(0);
    thread::scope(|scope| {
        for turn in 0..THREADS {
            let value = &value;
            scope.spawn(move || {
                for k in 0..turns() {
                    if (turn + k) % 3 == 0 {
                        let mut guard = value.write().expect("no panic");
                        tell(*guard);
                        *guard += 1;
                        if k % 2 == 0 {
                            tell(*RwLockWriteGuard::downgrade(guard));
                        }
                    } else {
                        tell(*value.read().expect("no panic"));
                    }
                }
            });
        }
    });
}

#[test]
fn rwlock_holds_are_numbered_as_they_were() {
    let trace = exactly("order::rwlock_work");
    let mut last = 0;
    for told in told(&trace) {
        let end = match before(&told).kind {
            Kind::Acq => [Kind::Rel, Kind::Downgrade].contains(&after(&told).kind),
            _ => after(&told).kind == Kind::ReadRel,
        };
        assert!(end, "{:?} then {:?}", before(&told), after(&told));
        assert_eq!(after(&told).number, told.value);
        match before(&told).kind {
            Kind::Acq | Kind::ReadAcq => assert_eq!(before(&told).number, told.value),
            kind => assert_eq!(
                (kind, before(&told).number + 1),
                (Kind::Downgrade, told.value)
            ),
        }
        assert!(last <= told.value, "replay keeps the values' order");
        last = told.value;
    }
    assert!(count(&trace, Kind::Downgrade) > 0);
}

#[test]
fn condvar_work() {
    /// Holds of the mutex that have begun, and whose turn it is.
    struct State {
        holds: u64,
        turn: u64,
    }
    fn count(state: &mut State) {
        tell(state.holds);
        state.holds += 1;
    }
    let shared = (Mutex::new(State { holds: 0, turn: 0 }), Condvar::new());
    thread::scope(|scope| {
        for id in 0..THREADS {
            let shared = &shared;
            scope.spawn(move || {
                for _ in 0..turns() / 10 {
                    let mut state = shared.0.lock().expect("no panic");
                    count(&mut state);
                    while state.turn % THREADS != id {
                        state = shared.1.wait(state).expect("no panic");
                        count(&mut state);
                    }
                    state.turn += 1;
                    shared.1.notify_all();
                }
            });
        }
    });
}

#[test]
fn waits_for_a_condition_are_numbered_as_they_were() {
    let trace = exactly("order::condvar_work");
    let told = told(&trace);
    for told in &told {
        assert!(matches!(before(told).kind, Kind::Acq | Kind::Woken));
        assert_eq!(before(told).number, told.value);
        assert!(matches!(after(told).kind, Kind::Wait | Kind::NotifyAll));
    }
    assert!(told.iter().map(|told| told.value).eq(0..told.len() as u64));
    assert_eq!(count(&trace, Kind::Wait), count(&trace, Kind::Woken));
    assert!(count(&trace, Kind::Wait) > 0);
}

#[test]
fn barrier_work() {
    let barrier = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for generation in 0..turns() / 10 {
                    barrier.wait();
                    tell(generation);
                }
            });
        }
    });
}

#[test]
fn barrier_generations_are_numbered_as_they_were() {
    let trace = exactly("order::barrier_work");
    let mut seen = 0;
    for told in told(&trace) {
        assert_eq!(
            (before(&told).kind, before(&told).number),
            (Kind::Depart, told.value)
        );
        seen += 1;
    }
    assert_eq!(
        (count(&trace, Kind::Arrive), count(&trace, Kind::Depart)),
        (seen, seen)
    );
    let declared: Vec<_> = events(&trace)
        .filter(|event| event.kind == Kind::Barrier)
        .collect();
    assert_eq!(declared.len(), 1);
    assert_eq!(declared[0].number, THREADS);
    // No thread departs before all have arrived.
    let mut arrived: BTreeMap<u64, u64> = BTreeMap::new();
    for event in events(&trace) {
        match event.kind {
            Kind::Arrive => *arrived.entry(event.number).or_default() += 1,
            Kind::Depart => assert_eq!(arrived[&event.number], THREADS),
            _ => {}
        }
    }
}

#[test]
fn once_work() {
    for _ in 0..turns() / 100 {
        let (once, cell) = (Once::new(), OnceLock::new());
        thread::scope(|scope| {
            for id in 0..THREADS {
                let (once, cell) = (&once, &cell);
                scope.spawn(move || {
                    once.call_once(|| tell(0));
                    tell(1);
                    cell.get_or_init(|| id);
                    tell(1);
                    assert!(cell.get().is_some());
                    tell(1);
                });
            }
        });
    }
}

#[test]
fn once_cells_are_seen_after_their_initialiser() {
    let trace = exactly("order::once_work");
    for told in told(&trace) {
        match told.value {
            // Within the initialiser, whose end comes next.
            0 => assert_eq!(after(&told).kind, Kind::OnceDone),
            _ => assert!(matches!(before(&told).kind, Kind::OnceDone | Kind::OnceGet)),
        }
    }
    let mut done = vec![false; trace.objects.len()];
    for event in events(&trace) {
        match event.kind {
            Kind::OnceDone => assert!(!std::mem::replace(&mut done[event.object as usize], true)),
            Kind::OnceGet => assert!(done[event.object as usize]),
            _ => {}
        }
    }
}

#[test]
fn once_again_work() {
    let cell = OnceLock::from(7);
    for _ in 0..turns() {
        assert_eq!(cell.get_or_init(|| 8), &7);
    }
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..turns() {
                    assert_eq!(cell.get(), Some(&7));
                }
            });
        }
    });
}

#[test]
fn what_a_thread_sees_again_is_recorded_once() {
    let trace = exactly("order::once_again_work");
    assert_eq!(count(&trace, Kind::OnceDone), 1);
    assert_eq!(count(&trace, Kind::OnceGet), THREADS);
}

#[test]
fn polling_work() {
    static POLLED: [AtomicU32; 2] = [const { AtomicU32::new(0) }; 2];
    static WIDE: AtomicU64 = AtomicU64::new(0);
    for round in 0..10 {
        let load = |of: usize| POLLED[of].load(Ordering::Acquire);
        for _ in 0..100 {
            assert_eq!(load(0), round);
        }
        assert_eq!(POLLED[0].load(Ordering::Acquire), round, "another place");
        for _ in 0..100 {
            assert_eq!(POLLED[0].load(Ordering::Relaxed), round, "another ordering");
        }
        for _ in 0..100 {
            assert_eq!(WIDE.load(Ordering::Acquire), u64::from(round));
        }
        for _ in 0..5 {
            assert_eq!(load(0), round);
            assert_eq!(load(1), 0, "in turn");
        }
        for _ in 0..100 {
            let failed = POLLED[1].compare_exchange(1, 2, Ordering::AcqRel, Ordering::Acquire);
            assert_eq!(failed, Err(0));
        }
        POLLED[0].fetch_add(1, Ordering::Release);
        WIDE.store(u64::from(round) + 1, Ordering::Release);
    }
}

#[test]
fn what_a_thread_polls_is_recorded_once_or_twice() {
    let trace = exactly("order::polling_work");
    // In each round six that differ, the first of them twice; some may have had
    // to make room for each other.
    let loads = count(&trace, Kind::Load);
    assert!((10 * 7..=10 * 11).contains(&loads), "{loads} loads");
    assert_eq!(count(&trace, Kind::Rmw) + count(&trace, Kind::Store), 20);
}
