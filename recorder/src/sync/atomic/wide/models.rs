//! A wide atomic's load finds the version of the value that it found.
//!
//! Loom knows no access to a part of an atomic, so one of eight bytes stands
//! for the sixteen, with the version above. Loom then holds the three loads of
//! a read to the order of one location, where the hardware holds them to that
//! of their acquires: that these suffice for sixteen bytes is argued in the
//! module's docs and hammered on by tests, not modelled.

use std::panic::Location;
use std::sync::atomic::AtomicU64 as Std;

use hbtrace_traces::kind::Kind;
use loom::sync::Arc;
use loom::thread;

use super::super::versioned::Recorded;
use super::*;
use crate::models::log;

type Value = Wide<Std>;

fn atomic() -> Arc<Value> {
    log::begin();
    let atomic = Value::new(Std::new(0));
    // Touches what the threads share, and draws the id. Relaxed: nobody else
    // has it yet.
    atomic.both.load(Ordering::Relaxed);
    atomic.id();
    Arc::new(atomic)
}

/// The version of the calling thread's last event.
fn last() -> u64 {
    log::own().last().expect("recorded").number
}

#[test]
fn loads_know_the_version_of_what_they_read() {
    loom::model(|| {
        let atomic = atomic();
        let writer = {
            let atomic = atomic.clone();
            thread::spawn(move || {
                for value in [10, 20] {
                    atomic.store(value, Ordering::Relaxed, Location::caller());
                    assert_eq!(last() * 10, value);
                }
            })
        };
        // One that finds the same again is left out, and told as before.
        for _ in 0..3 {
            let value = atomic.load(Ordering::Relaxed, Location::caller());
            assert_eq!(last() * 10, value);
        }
        writer.join().expect("no law is broken");
        log::check_versions(&log::told(), 0);
    });
}

#[test]
fn updates_replace_one_version_each() {
    loom::model(|| {
        let atomic = atomic();
        let threads = [(); 2].map(|()| {
            let atomic = atomic.clone();
            thread::spawn(move || {
                let before = atomic.fetch_add(1, Ordering::AcqRel, Location::caller());
                assert_eq!(last(), before + 1);
                let orders = [Ordering::AcqRel, Ordering::Acquire];
                let found = atomic.compare_exchange([2, 3], orders, Location::caller());
                let event = *log::own().last().expect("recorded");
                match found {
                    Ok(_) => assert_eq!((event.kind, event.number), (Kind::Rmw, 3)),
                    Err(value) => assert_eq!((event.kind, event.number), (Kind::Load, value)),
                }
            })
        });
        for thread in threads {
            thread.join().expect("no law is broken");
        }
        log::check_versions(&log::told(), 0);
    });
}
