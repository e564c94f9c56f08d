//! Holds of locks: their numbers are the true order, and no beginning of the
//! file holds an acquire without its release, also where the session ends in
//! between.
//!
//! The lock itself is loom's; numbers, ids and what is recorded are the
//! recorder's.

use loom::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};
use loom::thread;

use super::*;
use crate::models::log;
use crate::state;

struct Lock {
    head: Head,
    inner: RwLock<u64>,
}

/// Dropped in this order.
struct Writing<'a>(Exclusive<'a>, RwLockWriteGuard<'a, u64>);
struct Reading<'a>(Shared<'a>, RwLockReadGuard<'a, u64>);

impl Lock {
    fn new() -> Arc<Lock> {
        log::begin();
        let lock = Lock {
            head: Head::new(ObjectKind::RwLock),
            inner: RwLock::new(0),
        };
        // Touches what the threads share. Relaxed: nobody else has it yet.
        lock.head.ended.load(Ordering::Relaxed);
        lock.head.waiting.load(Ordering::Relaxed);
        lock.head.object.drawn();
        Arc::new(lock)
    }

    fn write(&self) -> Writing<'_> {
        let taken = self.head.take(
            Location::caller(),
            || self.inner.try_write(),
            || self.inner.write(),
            |guard, hold| Writing(hold, guard),
        );
        taken.expect("nothing panics")
    }

    fn read(&self) -> Reading<'_> {
        let taken = self.head.take(
            Location::caller(),
            || self.inner.try_read(),
            || self.inner.read(),
            |guard, hold| Reading(hold, guard),
        );
        taken.expect("nothing panics")
    }

    /// Counts one more, as the data do.
    fn count(&self) -> u64 {
        let mut held = self.write();
        *held.1 += 1;
        *held.1
    }

    fn look(&self) -> u64 {
        *self.read().1
    }
}

fn two_threads(lock: &Arc<Lock>, then: fn(&Lock)) {
    let threads = [(); 2].map(|()| {
        let lock = lock.clone();
        thread::spawn(move || then(&lock))
    });
    for thread in threads {
        thread.join().expect("no law is broken");
    }
}

#[test]
fn exclusive_holds_are_numbered_in_their_true_order() {
    loom::model(|| {
        let lock = Lock::new();
        two_threads(&lock, |lock| {
            // The number that was recorded is what the data say.
            let count = lock.count();
            let own = log::thread();
            let told = log::told();
            let mut releases = told.iter().filter(|it| it.event.kind == Kind::Rel);
            let mine = releases.find(|it| it.thread == own).expect("recorded");
            assert_eq!(mine.event.number, count - 1);
        });
        log::check_holds(&log::told());
        assert_eq!(log::numbers(Kind::Acq), [0, 1]);
        assert_eq!(log::numbers(Kind::Rel), [0, 1]);
    });
}

#[test]
fn the_full_path_numbers_holds_the_same() {
    loom::model(|| {
        let lock = Lock::new();
        two_threads(&lock, |lock| {
            log::decline();
            lock.count();
        });
        log::check_holds(&log::told());
        assert_eq!(log::numbers(Kind::Acq), [0, 1]);
        assert_eq!(log::numbers(Kind::Rel), [0, 1]);
    });
}

#[test]
fn readers_record_the_number_that_they_saw() {
    loom::model(|| {
        let lock = Lock::new();
        let readers = [(); 2].map(|()| {
            let lock = lock.clone();
            thread::spawn(move || {
                let seen = lock.look();
                let own = log::thread();
                let told = log::told();
                let mut ends = told.iter().filter(|it| it.event.kind == Kind::ReadRel);
                let mine = ends.find(|it| it.thread == own).expect("recorded");
                assert_eq!(mine.event.number, seen);
            })
        });
        lock.count();
        for reader in readers {
            reader.join().expect("no law is broken");
        }
        log::check_holds(&log::told());
        assert_eq!(lock.look(), 1);
        assert_eq!(log::numbers(Kind::ReadRel).len(), 3);
    });
}

/// Two threads, of which the full path is the first one's only one, and an end
/// that falls between any two steps of theirs.
fn closed_at(end: fn()) {
    loom::model(move || {
        let lock = Lock::new();
        let full = {
            let lock = lock.clone();
            thread::spawn(move || {
                let held = lock.write();
                log::decline();
                drop(held);
            })
        };
        let fast = {
            let lock = lock.clone();
            thread::spawn(move || {
                lock.count();
            })
        };
        end();
        full.join().expect("no law is broken");
        fast.join().expect("no law is broken");
        log::check_holds(&log::told());
    });
}

#[test]
fn what_is_recorded_up_to_a_stop_is_closed() {
    closed_at(|| assert!(state::stop()));
}

#[test]
fn what_is_recorded_up_to_an_exhaustion_is_closed() {
    closed_at(state::exhaust);
}
