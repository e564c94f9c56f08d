//! A shared value that the last of its owners destroys.

use std::sync::Arc;

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::sync::atomic::{AtomicUsize, Ordering, fence};
use hbtrace_recorder::{Token, acquire, release, thread};

const OWNERS: usize = 3;

/// A count of the program's own, whose decrements order nothing.
pub(crate) fn relaxed_count_race() {
    static VALUE: Tracked<u32> = Tracked::new(1);
    static COUNT: AtomicUsize = AtomicUsize::new(OWNERS);
    let owners: Vec<_> = (0..OWNERS)
        .map(|_| {
            thread::spawn(|| {
                assert_eq!(VALUE.get(), 1); //~ 1 read
                if COUNT.fetch_sub(1, Ordering::Relaxed) == 1 {
                    VALUE.set(0); //~ 1 write
                }
            })
        })
        .collect();
    for owner in owners {
        owner.join().unwrap();
    }
}

/// As `Arc` does it: each decrement releases, the last owner acquires.
pub(crate) fn counted_no_race() {
    static VALUE: Tracked<u32> = Tracked::new(1);
    static COUNT: AtomicUsize = AtomicUsize::new(OWNERS);
    let owners: Vec<_> = (0..OWNERS)
        .map(|_| {
            thread::spawn(|| {
                assert_eq!(VALUE.get(), 1);
                if COUNT.fetch_sub(1, Ordering::Release) == 1 {
                    fence(Ordering::Acquire);
                    VALUE.set(0);
                }
            })
        })
        .collect();
    for owner in owners {
        owner.join().unwrap();
    }
}

static DECREMENTS: Token = Token::new();

/// A value that its drop writes to.
struct Value(Tracked<u32>);

impl Drop for Value {
    fn drop(&mut self) {
        acquire(&DECREMENTS);
        self.0.set(0);
    }
}

/// An `Arc` is std's own, so its decrements have to be told if the value's
/// drop touches what its owners did.
pub(crate) fn told_arc_no_race() {
    let value = Arc::new(Value(Tracked::new(1)));
    let owners: Vec<_> = (0..OWNERS)
        .map(|_| {
            let value = Arc::clone(&value);
            thread::spawn(move || {
                assert_eq!(value.0.get(), 1);
                release(&DECREMENTS);
                drop(value);
            })
        })
        .collect();
    release(&DECREMENTS);
    drop(value);
    for owner in owners {
        owner.join().unwrap();
    }
}
