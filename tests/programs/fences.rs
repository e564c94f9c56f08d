//! The three forms in which fences order, and what is missing without one.

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::sync::atomic::{AtomicBool, Ordering, fence};
use hbtrace_recorder::thread;

fn wait_for(flag: &AtomicBool, order: Ordering) {
    while !flag.load(order) {
        thread::yield_now();
    }
}

/// The reader has none.
pub(crate) fn missing_acquire_fence_race() {
    static DATA: Tracked<u32> = Tracked::new(0);
    static READY: AtomicBool = AtomicBool::new(false);
    let writer = thread::spawn(|| {
        DATA.set(42); //~ 1 write
        fence(Ordering::Release);
        READY.store(true, Ordering::Relaxed);
    });
    wait_for(&READY, Ordering::Relaxed);
    assert_eq!(DATA.get(), 42); //~ 1 read
    writer.join().unwrap();
}

/// The writer's comes after its store.
pub(crate) fn missing_release_fence_race() {
    static DATA: Tracked<u32> = Tracked::new(0);
    static READY: AtomicBool = AtomicBool::new(false);
    let writer = thread::spawn(|| {
        DATA.set(42); //~ 1 write
        READY.store(true, Ordering::Relaxed);
        fence(Ordering::Release);
    });
    wait_for(&READY, Ordering::Relaxed);
    fence(Ordering::Acquire);
    assert_eq!(DATA.get(), 42); //~ 1 read
    writer.join().unwrap();
}

/// Release fence to acquire fence.
pub(crate) fn fence_to_fence_no_race() {
    static DATA: Tracked<u32> = Tracked::new(0);
    static READY: AtomicBool = AtomicBool::new(false);
    let writer = thread::spawn(|| {
        DATA.set(42);
        fence(Ordering::Release);
        READY.store(true, Ordering::Relaxed);
    });
    wait_for(&READY, Ordering::Relaxed);
    fence(Ordering::Acquire);
    assert_eq!(DATA.get(), 42);
    writer.join().unwrap();
}

/// Release fence to acquire load.
pub(crate) fn fence_to_load_no_race() {
    static DATA: Tracked<u32> = Tracked::new(0);
    static READY: AtomicBool = AtomicBool::new(false);
    let writer = thread::spawn(|| {
        DATA.set(42);
        fence(Ordering::Release);
        READY.store(true, Ordering::Relaxed);
    });
    wait_for(&READY, Ordering::Acquire);
    assert_eq!(DATA.get(), 42);
    writer.join().unwrap();
}

/// Release store to acquire fence.
pub(crate) fn store_to_fence_no_race() {
    static DATA: Tracked<u32> = Tracked::new(0);
    static READY: AtomicBool = AtomicBool::new(false);
    let writer = thread::spawn(|| {
        DATA.set(42);
        READY.store(true, Ordering::Release);
    });
    wait_for(&READY, Ordering::Relaxed);
    fence(Ordering::SeqCst);
    assert_eq!(DATA.get(), 42);
    writer.join().unwrap();
}
