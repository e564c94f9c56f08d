//! A program that records, says what it has done, and goes on until it is
//! killed: the other half of `tests/kill.rs`.
//!
//! After some holds of the mutex each worker writes to stdout how many of its
//! holds have ended; what is written there must be in the file. Lines are
//! `WORKER HOLDS`. With `HBTRACE_RACES` it has one race, and without none.

use std::io::Write;

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use hbtrace_recorder::sync::{Arc, Barrier, Condvar, Mutex, RwLock, mpsc};
use hbtrace_recorder::thread;

const WORKERS: usize = 4;

#[derive(Default)]
struct Shared {
    holds: Mutex<u64>,
    ready: Condvar,
    published: AtomicU64,
    table: RwLock<Vec<u64>>,
    plain: Tracked<u64>,
    spinning: AtomicBool,
    spun: Tracked<u64>,
    /// Guarded by nothing; only touched if the program is to have a race.
    raced: Tracked<u64>,
}

fn main() {
    let shared = Arc::new(Shared::default());
    let (numbers, received) = mpsc::channel();
    let (few, few_received) = mpsc::sync_channel(2);
    for worker in 0..WORKERS {
        let shared = Arc::clone(&shared);
        let numbers = numbers.clone();
        let few = few.clone();
        let builder = thread::Builder::new().name(format!("worker {worker}"));
        let work = move || work(worker, &shared, &numbers, &few);
        builder.spawn(work).expect("a thread can be created");
    }
    let reader = Arc::clone(&shared);
    thread::spawn(move || drain(&received, &reader));
    thread::spawn(move || few_received.into_iter().for_each(drop));
    loop {
        come_and_go(&shared);
    }
}

/// Threads that live for a moment, and a barrier.
fn come_and_go(shared: &Shared) {
    let barrier = Barrier::new(2);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                barrier.wait();
                let seen = shared.published.load(Ordering::Acquire);
                shared.table.read().expect("nothing panics").contains(&seen)
            });
        }
    });
    let joined = thread::spawn(|| 1).join();
    joined.expect("nothing panics");
}

fn drain(received: &mpsc::Receiver<u64>, shared: &Shared) {
    for number in received {
        if number % 8 == 0 {
            shared.table.write().expect("nothing panics").push(number);
            shared.ready.notify_all();
        }
    }
}

fn work(worker: usize, shared: &Shared, numbers: &mpsc::Sender<u64>, few: &mpsc::SyncSender<u64>) {
    let races = std::env::var_os("HBTRACE_RACES").is_some();
    for hold in 1_u64.. {
        if races {
            shared.raced.set(hold);
        }
        {
            let mut holds = shared.holds.lock().expect("nothing panics");
            *holds += 1;
            shared.plain.update(|plain| plain + 1);
        }
        shared.published.fetch_add(1, Ordering::AcqRel);
        spin(shared);
        if hold % 16 == 0 {
            tell(worker, hold);
            let _ = numbers.send(hold);
        }
        if hold % 64 == 0 {
            let _ = few.send(hold);
        }
        if hold % 512 == 0 {
            let holds = shared.holds.lock().expect("nothing panics");
            let moment = std::time::Duration::from_micros(50);
            let waited = shared.ready.wait_timeout(holds, moment);
            drop(waited);
        }
    }
}

/// A spin lock of the program's own: if a kill could leave the exchange that
/// takes it without the store that released it, what it guards would race.
fn spin(shared: &Shared) {
    while shared
        .spinning
        .compare_exchange_weak(false, true, Ordering::Acquire, Ordering::Relaxed)
        .is_err()
    {
        thread::yield_now();
    }
    shared.spun.update(|spun| spun + 1);
    shared.spinning.store(false, Ordering::Release);
}

/// One `write` of a short line is one piece in a pipe.
fn tell(worker: usize, holds: u64) {
    let line = format!("{worker} {holds}\n");
    let _ = std::io::stdout().lock().write_all(line.as_bytes());
}
