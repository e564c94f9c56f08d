//! A snapshot behind a pointer that is swapped by compare-exchange.

// A published pointer is followed.
#![allow(unsafe_code)]

use std::ptr;

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::sync::atomic::{AtomicPtr, Ordering};
use hbtrace_recorder::thread;

/// The swap publishes nothing.
pub(crate) fn relaxed_swap_race() {
    static CURRENT: AtomicPtr<Tracked<u32>> = AtomicPtr::new(ptr::null_mut());
    let writer = thread::spawn(|| {
        let next = Box::leak(Box::new(Tracked::new(0)));
        next.set(42); //~ 1 write
        CURRENT
            .compare_exchange(ptr::null_mut(), next, Ordering::Relaxed, Ordering::Relaxed)
            .unwrap();
    });
    // SAFETY: `published` waits for the pointer to a value that is never freed.
    let snapshot = unsafe { &*published(&CURRENT, Ordering::Acquire) };
    assert_eq!(snapshot.get(), 42); //~ 1 read
    writer.join().unwrap();
}

/// It releases, and each writer acquires what it replaces.
pub(crate) fn release_swap_no_race() {
    static CURRENT: AtomicPtr<Tracked<u32>> = AtomicPtr::new(ptr::null_mut());
    let writers: Vec<_> = (0..2).map(|_| thread::spawn(|| add_one(&CURRENT))).collect();
    // SAFETY: `published` waits for the pointer to a value that is never freed.
    let snapshot = unsafe { &*published(&CURRENT, Ordering::Acquire) };
    assert!(snapshot.get() >= 1);
    for writer in writers {
        writer.join().unwrap();
    }
}

/// Waits for a first snapshot.
fn published(current: &AtomicPtr<Tracked<u32>>, order: Ordering) -> *const Tracked<u32> {
    loop {
        let snapshot = current.load(order);
        if !snapshot.is_null() {
            return snapshot;
        }
        thread::yield_now();
    }
}

/// Publishes a copy that is larger by one.
fn add_one(current: &AtomicPtr<Tracked<u32>>) {
    let mut old = current.load(Ordering::Acquire);
    let next = Box::leak(Box::new(Tracked::new(0)));
    loop {
        // SAFETY: a published value is never freed.
        let value = unsafe { old.as_ref() }.map_or(0, Tracked::get);
        next.set(value + 1);
        match current.compare_exchange(old, next, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return,
            Err(now) => old = now,
        }
    }
}
