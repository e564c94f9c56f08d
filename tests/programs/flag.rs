//! Publication by a flag.

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::sync::atomic::{AtomicBool, Ordering};
use hbtrace_recorder::thread;

/// The flag is a plain bool.
pub(crate) fn plain_bool_race() {
    static DATA: Tracked<u32> = Tracked::new(0);
    static READY: Tracked<bool> = Tracked::new(false);
    let writer = thread::spawn(|| {
        DATA.set(42); //~ 1 write
        READY.set(true); //~ 2 write
    });
    while !READY.get() { //~ 2 read
        thread::yield_now();
    }
    assert_eq!(DATA.get(), 42); //~ 1 read
    writer.join().unwrap();
}

/// The flag is atomic, but orders nothing.
pub(crate) fn relaxed_bool_race() {
    static DATA: Tracked<u32> = Tracked::new(0);
    static READY: AtomicBool = AtomicBool::new(false);
    let writer = thread::spawn(|| {
        DATA.set(42); //~ 1 write
        READY.store(true, Ordering::Relaxed);
    });
    while !READY.load(Ordering::Relaxed) {
        thread::yield_now();
    }
    assert_eq!(DATA.get(), 42); //~ 1 read
    writer.join().unwrap();
}

/// Release and acquire.
pub(crate) fn release_bool_no_race() {
    static DATA: Tracked<u32> = Tracked::new(0);
    static READY: AtomicBool = AtomicBool::new(false);
    let writer = thread::spawn(|| {
        DATA.set(42);
        READY.store(true, Ordering::Release);
    });
    while !READY.load(Ordering::Acquire) {
        thread::yield_now();
    }
    assert_eq!(DATA.get(), 42);
    writer.join().unwrap();
}
