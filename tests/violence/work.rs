//! Workers whose steps can be counted in a recording, among threads that do
//! all sorts of things.
//!
//! A worker's *round* is some writes to data of its own, an addition to an
//! atomic of its own (whose version in the recording is the number of the
//! round), a hold of a lock that all share, with an update of plain data, and a
//! message. From the recording's last addition and what comes
//! after it the steps that it holds can be told exactly, also where its
//! beginning is gone.

use std::sync::PoisonError;

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use hbtrace_recorder::sync::{Arc, Barrier, Condvar, Mutex, RwLock, mpsc};
use hbtrace_recorder::thread;

use hbtrace_tests::acks::{Acks, WORKERS, WRITES};

use crate::die::Moment;
use crate::racy;

/// What the threads share.
#[derive(Default)]
struct Shared {
    holds: Mutex<u64>,
    plain: Tracked<u64>,
    ready: Condvar,
    published: AtomicU64,
    table: RwLock<Vec<u64>>,
    spinning: AtomicBool,
    spun: Tracked<u64>,
}

/// What a worker has of its own.
struct Own {
    number: usize,
    steps: u64,
    data: Tracked<u64>,
    rounds: AtomicU64,
    messages: mpsc::Sender<u64>,
}

/// Starts the workers and the others; they never end.
pub(crate) fn start(acks: &Arc<Acks>, moment: &Moment) {
    let shared = Arc::new(Shared::default());
    let (messages, received) = mpsc::channel();
    let begin = std::sync::Arc::new(std::sync::Barrier::new(WORKERS));
    for number in 0..WORKERS {
        let (shared, acks) = (Arc::clone(&shared), Arc::clone(acks));
        let begin = std::sync::Arc::clone(&begin);
        let moment = moment.of(number);
        let mut own = Own {
            number,
            steps: 0,
            data: Tracked::new(0),
            rounds: AtomicU64::new(0),
            messages: messages.clone(),
        };
        spawn(&format!("worker {number}"), move || {
            // Not recorded: nobody dies before all are there.
            begin.wait();
            loop {
                round(&mut own, &shared, &acks, &moment);
            }
        });
    }
    let others = Arc::clone(&shared);
    spawn("receiver", move || receive(&received, &others));
    spawn("others", move || {
        loop {
            come_and_go(&shared);
        }
    });
    racy::start();
}

/// A thread with a name.
pub(crate) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) {
    let builder = thread::Builder::new().name(name.to_owned());
    builder.spawn(work).expect("a thread can be created");
}

impl Own {
    /// A step is done.
    fn done(&mut self, acks: &Acks, moment: &Moment) {
        self.steps += 1;
        acks.tell(self.number, self.steps);
        moment.after(self.steps, acks);
    }
}

fn round(own: &mut Own, shared: &Shared, acks: &Acks, moment: &Moment) {
    for _ in 0..WRITES {
        own.data.set(own.steps);
        own.done(acks, moment);
    }
    let round = own.rounds.fetch_add(1, Ordering::AcqRel) + 1;
    own.done(acks, moment);
    // Whoever dies by a panic poisons it on its way.
    let mut holds = shared.holds.lock().unwrap_or_else(PoisonError::into_inner);
    *holds += 1;
    shared.plain.update(|plain| plain + 1);
    own.done(acks, moment);
    if round.is_multiple_of(512) {
        shared.ready.notify_all();
    }
    drop(holds);
    own.done(acks, moment);
    let _ = own.messages.send(round);
    own.done(acks, moment);
}

/// Receives what the workers send, and does what they don't.
fn receive(received: &mpsc::Receiver<u64>, shared: &Shared) {
    for number in received {
        spin(shared);
        shared.published.fetch_add(1, Ordering::AcqRel);
        if number.is_multiple_of(8) {
            let table = shared.table.write();
            table.unwrap_or_else(PoisonError::into_inner).push(number);
        }
        if number.is_multiple_of(256) {
            let holds = shared.holds.lock().unwrap_or_else(PoisonError::into_inner);
            let moment = std::time::Duration::from_micros(50);
            drop(shared.ready.wait_timeout(holds, moment));
        }
    }
}

/// Threads that live for a moment, a barrier, a join.
fn come_and_go(shared: &Shared) {
    let barrier = Barrier::new(2);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                barrier.wait();
                let seen = shared.published.load(Ordering::Acquire);
                let table = shared.table.read();
                let known = table.unwrap_or_else(PoisonError::into_inner).last() == Some(&seen);
                spin(shared);
                known
            });
        }
    });
    let joined = thread::spawn(|| 1).join();
    joined.expect("nothing panics here");
}

/// A spin lock of the program's own: if a death could leave the exchange that
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
