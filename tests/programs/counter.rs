//! A counter that several threads increment.

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::sync::Mutex;
use hbtrace_recorder::sync::atomic::{AtomicU32, Ordering};
use hbtrace_recorder::thread;

const THREADS: u32 = 3;

fn in_threads(body: fn()) {
    let threads: Vec<_> = (0..THREADS).map(|_| thread::spawn(body)).collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

/// A plain increment is a read and a write.
pub(crate) fn plain_race() {
    static COUNT: Tracked<u32> = Tracked::new(0);
    in_threads(|| {
        COUNT.update(|count| count + 1); //~ 1 read, 1 write, 2 write, 2 write
    });
    assert!(COUNT.get() <= THREADS);
}

/// Relaxed is enough for counting.
pub(crate) fn atomic_no_race() {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    in_threads(|| {
        COUNT.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(COUNT.load(Ordering::Relaxed), THREADS);
}

/// Under a mutex.
pub(crate) fn mutex_no_race() {
    static COUNT: Tracked<u32> = Tracked::new(0);
    static LOCK: Mutex<()> = Mutex::new(());
    in_threads(|| {
        let _held = LOCK.lock().unwrap();
        COUNT.update(|count| count + 1);
    });
    assert_eq!(COUNT.get(), THREADS);
}
