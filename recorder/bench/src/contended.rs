//! The operations of two threads that std and the mirrors both have, each
//! thread on a processor of its own. Part of two modules, as `operations` is.

use std::hint::{black_box, spin_loop};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use super::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use super::thread;
use crate::operation::{Operation, Outcome};
use crate::processor;

/// Operations of each thread before the timed ones.
const WARM: u32 = 500;

/// All of them.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("mutex-contended", mutex),
    Operation::new("rwlock-readers", readers),
    Operation::new("condvar", condvar),
];

/// Runs `body(thread, operations)` on two threads at once, first to warm up and
/// then timed, from the common start to the last end. The time is halved, as
/// there are twice as many operations. The threads meet by
/// std's atomics, of which a recorder sees nothing. The first of them does
/// `between` when both are warm.
fn on_two_threads(
    warm: u32,
    count: u32,
    body: impl Fn(u32, u32) + Sync,
    between: impl Fn() + Sync,
) -> f64 {
    let arrived = AtomicU32::new(0);
    let meet = |number: u32| {
        // AcqRel and Acquire: what was done before is seen by who goes on.
        arrived.fetch_add(1, Ordering::AcqRel);
        while arrived.load(Ordering::Acquire) < 2 * number {
            spin_loop();
        }
    };
    let run = |thread: u32| {
        processor::pin(thread as usize);
        body(thread, warm);
        meet(1);
        if thread == 0 {
            between();
        }
        meet(2);
        let start = Instant::now();
        body(thread, count);
        let end = Instant::now();
        (start, end)
    };
    let (first, second) = thread::scope(|scope| {
        let other = scope.spawn(|| run(1));
        let this = scope.spawn(|| run(0));
        let wait = "nothing panics";
        (this.join().expect(wait), other.join().expect(wait))
    });
    let duration = first.1.max(second.1) - first.0.min(second.0);
    duration.as_nanos() as f64 / 2.0
}

/// Who took the lock: a count for each thread, and runs of one thread.
#[derive(Default)]
struct Takes {
    by: [u32; 2],
    last: u32,
    run: u32,
    longest: u32,
    runs: u32,
    /// Takes of the other thread when the first one was done.
    at_first_end: Option<u32>,
}

impl Takes {
    #[inline]
    fn count(&mut self, thread: u32) {
        self.by[thread as usize & 1] += 1;
        if self.last != thread {
            self.last = thread;
            self.run = 0;
            self.runs += 1;
        }
        self.run += 1;
        self.longest = self.longest.max(self.run);
    }
}

fn take(mutex: &Mutex<Takes>) -> MutexGuard<'_, Takes> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Others: the share of the slower thread while both were at it, the mean and
/// the longest run of takes by one thread.
#[inline(never)]
fn mutex(count: u32) -> Outcome {
    let mutex = Mutex::new(Takes::default());
    let all = |thread, count| {
        for _ in 0..count {
            take(&mutex).count(thread);
        }
        let mut takes = take(&mutex);
        let other = takes.by[1 - thread as usize];
        takes.at_first_end.get_or_insert(other);
    };
    let ns = on_two_threads(WARM, count, all, || *take(&mutex) = Takes::default());
    let takes = take(&mutex);
    let slower = f64::from(takes.at_first_end.unwrap_or(0));
    Outcome {
        ns,
        others: vec![
            slower / (slower + f64::from(count)),
            f64::from(takes.by[0] + takes.by[1]) / f64::from(takes.runs.max(1)),
            f64::from(takes.longest),
        ],
    }
}

#[inline(never)]
fn readers(count: u32) -> Outcome {
    let lock = RwLock::new(1_u64);
    let all = |_, count| {
        for _ in 0..count {
            black_box(*lock.read().unwrap_or_else(PoisonError::into_inner));
        }
    };
    let ns = on_two_threads(WARM, count, all, || ());
    Outcome {
        ns,
        others: Vec::new(),
    }
}

/// Two threads hand one turn to and fro; an operation is one hand-over.
#[inline(never)]
fn condvar(count: u32) -> Outcome {
    let turn = Mutex::new(0_u32);
    let changed = Condvar::new();
    let all = |thread, count| {
        let mut mine = turn.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..count {
            mine = changed
                .wait_while(mine, |turn| *turn != thread)
                .unwrap_or_else(PoisonError::into_inner);
            *mine = 1 - thread;
            changed.notify_one();
        }
    };
    let ns = on_two_threads(20, count, all, || ());
    Outcome {
        ns,
        others: Vec::new(),
    }
}
