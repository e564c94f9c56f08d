//! A narrow atomic's value and version move together, also past the guard bit
//! and where the session ends in between.
//!
//! The guard is 16 here, right below the value, and the stride 4, so that a few
//! writes pass them.

use std::panic::Location;
use std::sync::atomic::AtomicU32;

use hbtrace_traces::event::NO_NUMBER;
use hbtrace_traces::kind::Kind;
use loom::sync::Arc;
use loom::thread;

use super::super::versioned::Recorded;
use super::*;
use crate::models::log;
use crate::state;

type Value = Narrow<AtomicU32>;

/// An atomic whose value is 0 after so many writes.
fn atomic(writes: u64) -> Arc<Value> {
    log::begin();
    let mut atomic = Value::new(AtomicU32::new(0));
    atomic.age(writes);
    // Touches what the threads share, and draws the id. Relaxed: nobody else
    // has it yet.
    atomic.word().load(Ordering::Relaxed);
    atomic.tag.load(Ordering::Relaxed);
    atomic.id();
    Arc::new(atomic)
}

fn add(atomic: &Value) -> u32 {
    atomic.fetch_add(1, Ordering::AcqRel, Location::caller())
}

fn load(atomic: &Value) -> u32 {
    atomic.load(Ordering::Relaxed, Location::caller())
}

fn on_threads<const N: usize>(atomic: &Arc<Value>, then: [fn(&Value); N]) {
    let threads = then.map(|then| {
        let atomic = atomic.clone();
        thread::spawn(move || then(&atomic))
    });
    for thread in threads {
        thread.join().expect("no law is broken");
    }
}

/// Of an atomic that counts its writes: the number of the calling thread's last
/// event is what the value says.
fn check_last(base: u64, value: u32) {
    let events = log::own();
    let number = events.last().expect("recorded").number;
    assert!(
        number == base + u64::from(value) || number == NO_NUMBER,
        "{value} of {events:#?}"
    );
}

fn check_all(base: u64) {
    let told = log::told();
    log::check_versions(&told, base);
    let pending = told.iter().filter(|it| it.event.number == NO_NUMBER);
    assert_eq!(pending.count(), log::lost(), "a lost version is counted");
}

#[test]
fn additions_and_loads_know_their_versions() {
    loom::model(|| {
        let atomic = atomic(0);
        let then: fn(&Value) = |atomic| {
            check_last(0, add(atomic) + 1);
            check_last(0, load(atomic));
        };
        on_threads(&atomic, [then, then]);
        check_all(0);
        assert_eq!(load(&atomic), 2);
        assert_eq!(log::lost(), 0);
    });
}

#[test]
fn additions_pass_the_guard_without_touching_the_value() {
    const BEFORE: u64 = 14;
    loom::model(|| {
        let atomic = atomic(BEFORE);
        let then: fn(&Value) = |atomic| {
            check_last(BEFORE, add(atomic) + 1);
            check_last(BEFORE, add(atomic) + 1);
        };
        on_threads(&atomic, [then, then]);
        check_all(BEFORE);
        assert_eq!(load(&atomic), 4, "no carry");
        check_last(BEFORE, 4);
        assert_eq!(log::lost(), 0);
    });
}

#[test]
fn the_hint_follows_and_versions_stay_whole() {
    const BEFORE: u64 = 13;
    loom::model(|| {
        let atomic = atomic(BEFORE);
        let writer: fn(&Value) = |atomic| {
            for _ in 0..6 {
                check_last(BEFORE, add(atomic) + 1);
            }
        };
        let reader: fn(&Value) = |atomic| check_last(BEFORE, load(atomic));
        on_threads(&atomic, [writer, reader]);
        check_all(BEFORE);
        assert_eq!(log::lost(), 0);
    });
}

#[test]
fn who_sleeps_past_an_epoch_does_not_guess() {
    loom::model(|| {
        let atomic = atomic(0);
        let fast: fn(&Value) = |atomic| {
            for _ in 0..18 {
                check_last(0, add(atomic) + 1);
            }
        };
        let slow: fn(&Value) = |atomic| check_last(0, add(atomic) + 1);
        on_threads(&atomic, [fast, slow]);
        check_all(0);
    });
}

#[test]
fn a_load_that_slept_past_an_epoch_does_not_guess() {
    loom::model(|| {
        let atomic = atomic(0);
        // It looks at the tag, and sleeps.
        let tag = atomic.tag();
        for _ in 0..18 {
            add(&atomic);
        }
        assert!(atomic.read(tag, Ordering::Relaxed).is_none());
        assert_eq!(Value::version(atomic.read_again(Ordering::Relaxed)), 18);
    });
}

#[test]
fn the_guard_bit_never_becomes_a_carry() {
    loom::model(|| {
        let atomic = atomic(0);
        for _ in 0..50 {
            check_last(0, add(&atomic) + 1);
        }
        assert_eq!(load(&atomic), 50);
    });
}

#[test]
fn stores_and_exchanges_replace_one_version_each() {
    loom::model(|| {
        let atomic = atomic(0);
        let store: fn(&Value) = |atomic| {
            atomic.store(7, Ordering::Release, Location::caller());
        };
        let exchange: fn(&Value) = |atomic| {
            let orders = [Ordering::AcqRel, Ordering::Acquire];
            let found = atomic.compare_exchange([7, 9], orders, Location::caller());
            let event = *log::own().last().expect("recorded");
            match found {
                Ok(_) => assert_eq!((event.kind, event.number), (Kind::Rmw, 2)),
                Err(_) => assert_eq!((event.kind, event.number), (Kind::Load, 0)),
            }
        };
        on_threads(&atomic, [store, exchange]);
        check_all(0);
    });
}

#[test]
fn an_exchange_that_loses_becomes_a_load_of_what_won() {
    loom::model(|| {
        let atomic = atomic(0);
        let exchange: fn(&Value) = |atomic| {
            let orders = [Ordering::AcqRel, Ordering::Acquire];
            let found = atomic.compare_exchange([0, 5], orders, Location::caller());
            let event = *log::own().last().expect("recorded");
            let expected = match found {
                Ok(_) => Kind::Rmw,
                Err(_) => Kind::Load,
            };
            assert_eq!((event.kind, event.number), (expected, 1));
        };
        on_threads(&atomic, [exchange, exchange]);
        check_all(0);
    });
}

#[test]
fn what_is_recorded_up_to_a_stop_is_closed() {
    loom::model(|| {
        let atomic = atomic(0);
        let full = {
            let atomic = atomic.clone();
            thread::spawn(move || {
                log::decline();
                add(&atomic);
            })
        };
        let fast = {
            let atomic = atomic.clone();
            thread::spawn(move || {
                add(&atomic);
                load(&atomic);
            })
        };
        assert!(state::stop());
        full.join().expect("no law is broken");
        fast.join().expect("no law is broken");
        log::check_versions(&log::told(), 0);
    });
}
