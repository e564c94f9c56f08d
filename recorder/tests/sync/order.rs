//! Recorded order against truth, for every primitive of `sync`.
//!
//! Each stress is a test of its own (`..._work`), run once more recorded; what
//! its threads saw is in the trace beside what was recorded of it.

use std::collections::BTreeMap;

use hbtrace_recorder::sync::mpsc::{Receiver, channel, sync_channel};
use hbtrace_recorder::sync::{Barrier, Condvar, Mutex, Once, OnceLock, RwLock, RwLockWriteGuard};
use hbtrace_recorder::thread;
use hbtrace_traces::event::SyncEvent;
use hbtrace_traces::kind::Kind;
use hbtrace_traces::trace::{Step, Trace};

use crate::recorded::{Told, record, tell, told, turns};

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

/// A value that no other send of the run bears.
fn key(sender: u64, k: u64) -> u64 {
    (sender + 1) << 24 | k
}

fn receive_all(receiver: Receiver<u64>) {
    for key in receiver {
        tell(key);
    }
}

#[test]
fn channel_work() {
    let (sender, receiver) = channel();
    thread::scope(|scope| {
        for id in 0..THREADS {
            let sender = sender.clone();
            scope.spawn(move || {
                for k in 0..turns() {
                    tell(key(id, k));
                    sender.send(key(id, k)).expect("the receiver stays");
                }
            });
        }
        drop(sender);
        receive_all(receiver);
    });
}

fn bounded_work(capacity: usize) {
    let (sender, receiver) = sync_channel(capacity);
    thread::scope(|scope| {
        for id in 0..THREADS {
            let sender = sender.clone();
            scope.spawn(move || {
                for k in 0..turns() / 5 {
                    tell(key(id, k));
                    sender.send(key(id, k)).expect("the receiver stays");
                }
            });
        }
        drop(sender);
        receive_all(receiver);
    });
}

#[test]
fn rendezvous_work() {
    bounded_work(0);
}

#[test]
fn bounded_by_three_work() {
    bounded_work(3);
}

/// Every message bears the same number at both ends, and the end of the
/// channel is seen after every sender's.
fn check_messages(trace: &Trace) {
    let told = told(trace);
    let mut sent = BTreeMap::new();
    let mut received = BTreeMap::new();
    for told in &told {
        match told.before.filter(|event| event.kind == Kind::Recv) {
            Some(recv) => received.insert(told.value, (recv.object, recv.number)),
            None => {
                assert_eq!(after(told).kind, Kind::Send);
                sent.insert(told.value, (after(told).object, after(told).number))
            }
        };
    }
    assert_eq!(sent, received);
    assert_eq!(sent.len() * 2, told.len());
    let closes = count(trace, Kind::Close);
    assert_eq!(closes, THREADS + 1);
    let before_the_end = events(trace)
        .take_while(|event| event.kind != Kind::RecvClosed)
        .filter(|event| event.kind == Kind::Close)
        .count();
    assert_eq!(before_the_end as u64, closes);
    assert_eq!(count(trace, Kind::RecvClosed), 1);
}

/// Receives complete in the order of their numbers, and each send after the
/// receive that frees its slot.
fn check_places(trace: &Trace, capacity: u64) {
    let (mut sends, mut receives) = (0, 0);
    let mut last_send = vec![0; trace.threads.len()];
    for step in &trace.steps {
        let Step::Sync { thread, index } = *step else {
            continue;
        };
        let event = trace.sync(thread, index);
        match event.kind {
            Kind::Chan => assert_eq!(event.number, capacity),
            Kind::Send => {
                sends += 1;
                assert_eq!((event.number, event.extra), (sends, sends));
                last_send[thread.index()] = sends;
            }
            Kind::Recv => {
                receives += 1;
                assert_eq!((event.number, event.extra), (receives, receives));
            }
            Kind::Sent => {
                let number = last_send[thread.index()];
                let needed = if capacity == 0 {
                    number
                } else {
                    number.saturating_sub(capacity)
                };
                assert_eq!(event.number, needed);
                assert!(receives >= needed);
            }
            _ => {}
        }
    }
    assert_eq!((sends, count(trace, Kind::Sent)), (receives, receives));
}

#[test]
fn messages_are_matched_as_they_were() {
    check_messages(&exactly("order::channel_work"));
}

#[test]
fn a_rendezvous_is_matched_both_ways() {
    let trace = exactly("order::rendezvous_work");
    check_messages(&trace);
    check_places(&trace, 0);
}

#[test]
fn slots_of_a_bounded_channel_are_matched() {
    let trace = exactly("order::bounded_by_three_work");
    check_messages(&trace);
    check_places(&trace, 3);
}

/// Values that nobody receives are dropped by the receiver's thread.
#[test]
fn leftovers_work() {
    struct Leftover(u64);
    impl Drop for Leftover {
        fn drop(&mut self) {
            tell(self.0);
        }
    }
    let (unbounded, first) = channel();
    let (bounded, second) = sync_channel(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            for k in 0..2 {
                unbounded.send(Leftover(k)).expect("the receiver stays");
                bounded.send(Leftover(10 + k)).expect("the receiver stays");
            }
        });
    });
    drop((first, second));
    assert!(unbounded.send(Leftover(2)).is_err());
    assert!(bounded.send(Leftover(12)).is_err());
}

#[test]
fn a_receiver_that_goes_receives_what_it_drops() {
    let trace = exactly("order::leftovers_work");
    let told = told(&trace);
    for told in told.iter().filter(|told| told.value % 10 < 2) {
        assert_eq!(before(told).kind, Kind::Recv);
    }
    assert_eq!(
        (count(&trace, Kind::Send), count(&trace, Kind::Recv)),
        (4, 4)
    );
    assert_eq!(count(&trace, Kind::Unsent), 0);
}

#[test]
fn channel_as_mutex_work() {
    let (sender, receiver) = sync_channel(1);
    // std's own, so that the channel alone orders the holds.
    let receiver = std::sync::Mutex::new(receiver);
    let value = std::sync::atomic::AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..turns() / 5 {
                    sender.send(()).expect("the receiver stays");
                    // Relaxed, in two steps: the channel excludes others.
                    let seen = value.load(std::sync::atomic::Ordering::Relaxed);
                    tell(seen);
                    value.store(seen + 1, std::sync::atomic::Ordering::Relaxed);
                    let receiver = receiver.lock().expect("no panic");
                    receiver.recv().expect("a sender stays");
                }
            });
        }
    });
}

#[test]
fn a_channel_used_as_a_mutex_is_numbered_as_it_was() {
    let trace = exactly("order::channel_as_mutex_work");
    let told = told(&trace);
    for told in &told {
        assert_eq!(
            (before(told).kind, before(told).number),
            (Kind::Sent, told.value)
        );
        assert!(matches!(after(told).kind, Kind::Recv | Kind::Req));
    }
    assert!(told.iter().map(|told| told.value).eq(0..told.len() as u64));
}
