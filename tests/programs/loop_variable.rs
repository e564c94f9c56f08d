//! Threads started in a loop, and the loop's variable.

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::thread;

/// They borrow it while the loop goes on.
pub(crate) fn by_reference_race() {
    let number = Tracked::new(0);
    thread::scope(|scope| {
        for next in 0..3 {
            number.set(next); //~ 1 write
            scope.spawn(|| number.get()); //~ 1 read
        }
    });
}

/// Each has a copy.
pub(crate) fn by_value_no_race() {
    let number = Tracked::new(0);
    thread::scope(|scope| {
        for next in 0..3 {
            number.set(next);
            let copy = Tracked::new(number.get());
            scope.spawn(move || assert_eq!(copy.get(), next));
        }
    });
}
