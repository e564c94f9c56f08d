//! What is wrong with the program: a race and a potential deadlock, both known,
//! and nothing else in this file. Whatever else is found in a recording of it
//! is false.

use std::sync::{Barrier, PoisonError};

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::sync::{Arc, Mutex};

use crate::work::spawn;

struct Wrong {
    raced: Tracked<u64>,
    a: Mutex<u64>,
    b: Mutex<u64>,
    /// std's: who waits here is not recorded. So the threads never block each
    /// other, and nothing in the recording says so.
    turns: Barrier,
}

/// Starts two threads that do it; they never end.
pub(crate) fn start() {
    let wrong = Arc::new(Wrong {
        raced: Tracked::new(0),
        a: Mutex::new(0),
        b: Mutex::new(0),
        turns: Barrier::new(2),
    });
    for turn in [false, true] {
        let wrong = Arc::clone(&wrong);
        spawn("wrong", move || {
            loop {
                both(&wrong, turn);
            }
        });
    }
}

fn both(wrong: &Wrong, turn: bool) {
    wrong.raced.set(1);
    if turn {
        wrong.turns.wait();
    }
    let (first, second) = if turn {
        (&wrong.a, &wrong.b)
    } else {
        (&wrong.b, &wrong.a)
    };
    let outer = first.lock().unwrap_or_else(PoisonError::into_inner);
    drop(second.lock());
    drop(outer);
    if !turn {
        wrong.turns.wait();
    }
    wrong.turns.wait();
}
