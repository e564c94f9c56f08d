//! A singleton that the first user initialises.

use std::sync::Barrier;

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::sync::OnceLock;
use hbtrace_recorder::thread;

/// A plain flag tells whether it is initialised.
pub(crate) fn plain_check_race() {
    static VALUE: Tracked<u32> = Tracked::new(0);
    static DONE: Tracked<bool> = Tracked::new(false);
    // Not recorded: the first thread shall be the one that initialises.
    static FIRST: Barrier = Barrier::new(2);
    let get = || {
        if !DONE.get() { //~ 2 read
            VALUE.set(42); //~ 1 write
            DONE.set(true); //~ 2 write
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

/// A once cell does.
pub(crate) fn once_no_race() {
    static VALUE: Tracked<u32> = Tracked::new(0);
    static ONCE: OnceLock<&'static Tracked<u32>> = OnceLock::new();
    let threads: Vec<_> = (0..3)
        .map(|_| {
            thread::spawn(|| {
                let value = ONCE.get_or_init(|| {
                    VALUE.set(42);
                    &VALUE
                });
                assert_eq!(value.get(), 42);
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(ONCE.get().map(|value| value.get()), Some(42));
}
