//! Double-checked locking.

use std::sync::Barrier;

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::sync::Mutex;
use hbtrace_recorder::sync::atomic::{AtomicBool, Ordering};
use hbtrace_recorder::thread;

/// The check before the lock orders nothing.
pub(crate) fn relaxed_flag_race() {
    static VALUE: Tracked<u32> = Tracked::new(0);
    static DONE: AtomicBool = AtomicBool::new(false);
    static LOCK: Mutex<()> = Mutex::new(());
    // Not recorded: the first thread shall be the one that initialises.
    static FIRST: Barrier = Barrier::new(2);
    let get = || {
        if !DONE.load(Ordering::Relaxed) {
            let _held = LOCK.lock().unwrap();
            if !DONE.load(Ordering::Relaxed) {
                VALUE.set(42); //~ 1 write
                DONE.store(true, Ordering::Relaxed);
            }
        }
        VALUE.get() //~ 1 read
    };
    let first = thread::spawn(move || {
        get();
        FIRST.wait();
    });
    FIRST.wait();
    assert_eq!(get(), 42);
    first.join().unwrap();
}

/// It acquires what the initialiser released.
pub(crate) fn acquire_flag_no_race() {
    static VALUE: Tracked<u32> = Tracked::new(0);
    static DONE: AtomicBool = AtomicBool::new(false);
    static LOCK: Mutex<()> = Mutex::new(());
    static FIRST: Barrier = Barrier::new(2);
    let get = || {
        if !DONE.load(Ordering::Acquire) {
            let _held = LOCK.lock().unwrap();
            if !DONE.load(Ordering::Relaxed) {
                VALUE.set(42);
                DONE.store(true, Ordering::Release);
            }
        }
        VALUE.get()
    };
    let first = thread::spawn(move || {
        get();
        FIRST.wait();
    });
    FIRST.wait();
    assert_eq!(get(), 42);
    first.join().unwrap();
}
