//! A cache behind a readers-writer lock.

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::sync::RwLock;
use hbtrace_recorder::thread;

/// Refreshed under the lock's shared side: two do so at once.
pub(crate) fn write_under_read_lock_race() {
    static CACHE: Tracked<u32> = Tracked::new(0);
    static LOCK: RwLock<()> = RwLock::new(());
    let threads: Vec<_> = (0..2)
        .map(|_| {
            thread::spawn(|| {
                let _shared = LOCK.read().unwrap();
                CACHE.set(1); //~ 1 write, 1 write
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

/// Read under the shared side, refreshed under the exclusive one.
pub(crate) fn write_lock_no_race() {
    static CACHE: Tracked<u32> = Tracked::new(0);
    static LOCK: RwLock<()> = RwLock::new(());
    let mut threads: Vec<_> = (0..3)
        .map(|_| {
            thread::spawn(|| {
                for _ in 0..5 {
                    let _shared = LOCK.read().unwrap();
                    CACHE.get();
                }
            })
        })
        .collect();
    threads.push(thread::spawn(|| {
        for value in 0..5 {
            let _exclusive = LOCK.write().unwrap();
            CACHE.set(value);
        }
    }));
    for thread in threads {
        thread.join().unwrap();
    }
}
