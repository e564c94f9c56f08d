//! A release sequence: a release store, and what others make of its value.

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::sync::atomic::{AtomicU32, Ordering};
use hbtrace_recorder::thread;

/// Waits without acquiring anything, an earlier value's release included.
fn wait_for(atomic: &AtomicU32, value: u32) {
    while atomic.load(Ordering::Relaxed) != value {
        thread::yield_now();
    }
}

/// A relaxed store ends it.
pub(crate) fn relaxed_store_race() {
    static DATA: Tracked<u32> = Tracked::new(0);
    static STATE: AtomicU32 = AtomicU32::new(0);
    let writer = thread::spawn(|| {
        DATA.set(42); //~ 1 write
        STATE.store(1, Ordering::Release);
    });
    let middle = thread::spawn(|| {
        wait_for(&STATE, 1);
        STATE.store(2, Ordering::Relaxed);
    });
    wait_for(&STATE, 2);
    assert_eq!(STATE.load(Ordering::Acquire), 2);
    assert_eq!(DATA.get(), 42); //~ 1 read
    writer.join().unwrap();
    middle.join().unwrap();
}

/// Read-modify-writes continue it, relaxed ones too.
pub(crate) fn exchanges_no_race() {
    static DATA: Tracked<u32> = Tracked::new(0);
    static STATE: AtomicU32 = AtomicU32::new(0);
    let writer = thread::spawn(|| {
        DATA.set(42);
        STATE.store(1, Ordering::Release);
    });
    let middle = thread::spawn(|| {
        wait_for(&STATE, 1);
        STATE.fetch_add(1, Ordering::Relaxed);
        STATE
            .compare_exchange(2, 3, Ordering::Relaxed, Ordering::Relaxed)
            .unwrap();
    });
    wait_for(&STATE, 3);
    assert_eq!(STATE.load(Ordering::Acquire), 3);
    assert_eq!(DATA.get(), 42);
    writer.join().unwrap();
    middle.join().unwrap();
}
