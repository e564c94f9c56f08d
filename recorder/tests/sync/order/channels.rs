//! Recorded order against truth: channels.

use std::collections::BTreeMap;

use hbtrace_recorder::sync::mpsc::{Receiver, channel, sync_channel};
use hbtrace_recorder::thread;
use hbtrace_traces::kind::Kind;
use hbtrace_traces::trace::{Step, Trace};

use super::{THREADS, after, before, count, events, exactly};
use crate::recorded::{tell, told, turns};

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
    check_messages(&exactly("order::channels::channel_work"));
}

#[test]
fn a_rendezvous_is_matched_both_ways() {
    let trace = exactly("order::channels::rendezvous_work");
    check_messages(&trace);
    check_places(&trace, 0);
}

#[test]
fn slots_of_a_bounded_channel_are_matched() {
    let trace = exactly("order::channels::bounded_by_three_work");
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
    let trace = exactly("order::channels::leftovers_work");
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
    let trace = exactly("order::channels::channel_as_mutex_work");
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
