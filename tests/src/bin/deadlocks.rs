//! Programs whose locks are taken in a wrong order: the other half of
//! `tests/deadlocks.rs`. Those that end are recorded whole; those that lock up
//! are killed by the test.
//!
//! Threads are brought into position by a barrier of std's, which the recorder
//! does not see.

use std::process::ExitCode;

use hbtrace_recorder::Named;
use hbtrace_recorder::sync::{Arc, Barrier, Condvar, Mutex, RwLock, mpsc};
use hbtrace_recorder::thread;

fn main() -> ExitCode {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    match wanted.as_str() {
        "inversion" => inversion(false),
        "guarded" => inversion(true),
        "joined" => joined(),
        "tried" => tried(),
        "locked_up" => locked_up(),
        "own_lock" => own_lock(),
        "join" => join_under_lock(),
        "readers" => readers(),
        "abandoned" => abandoned(),
        _ => return ExitCode::FAILURE,
    }
    ExitCode::SUCCESS
}

type Locks = (Mutex<u32>, Mutex<u32>, Mutex<u32>);

fn locks() -> Arc<Locks> {
    let lock = |name: &str| Mutex::new(0).named(name);
    Arc::new((lock("a"), lock("b"), lock("guard")))
}

fn forward(locks: &Locks) {
    let _a = locks.0.lock().expect("nothing panics");
    let _b = locks.1.lock().expect("nothing panics");
}

fn backward(locks: &Locks) {
    let _b = locks.1.lock().expect("nothing panics");
    let _a = locks.0.lock().expect("nothing panics");
}

/// One thread after the other, so that nothing locks up; that they are
/// ordered is known to std's barrier alone.
fn inversion(guarded: bool) {
    let locks = locks();
    let barrier = Arc::new(std::sync::Barrier::new(2));
    let (other, passed) = (Arc::clone(&locks), Arc::clone(&barrier));
    let first = thread::spawn(move || {
        let guard = guarded.then(|| other.2.lock().expect("nothing panics"));
        forward(&other);
        drop(guard);
        passed.wait();
    });
    let second = thread::spawn(move || {
        barrier.wait();
        let _guard = guarded.then(|| locks.2.lock().expect("nothing panics"));
        backward(&locks);
    });
    first.join().expect("nothing panics");
    second.join().expect("nothing panics");
}

fn joined() {
    let locks = locks();
    let other = Arc::clone(&locks);
    let first = thread::spawn(move || forward(&other));
    first.join().expect("nothing panics");
    backward(&locks);
}

fn tried() {
    let locks = locks();
    let barrier = Arc::new(std::sync::Barrier::new(2));
    let (other, passed) = (Arc::clone(&locks), Arc::clone(&barrier));
    let first = thread::spawn(move || {
        forward(&other);
        passed.wait();
    });
    barrier.wait();
    let b = locks.1.lock().expect("nothing panics");
    drop(locks.0.try_lock());
    drop(b);
    first.join().expect("nothing panics");
}

fn locked_up() {
    let locks = locks();
    let barrier = Arc::new(std::sync::Barrier::new(2));
    let (other, reached) = (Arc::clone(&locks), Arc::clone(&barrier));
    let first = thread::spawn(move || {
        let _a = other.0.lock().expect("nothing panics");
        reached.wait();
        let _b = other.1.lock().expect("nothing panics");
    });
    let _b = locks.1.lock().expect("nothing panics");
    barrier.wait();
    let _a = locks.0.lock().expect("nothing panics");
    first.join().expect("nothing panics");
}

fn own_lock() {
    let locks = locks();
    let _first = locks.0.lock().expect("nothing panics");
    let _second = locks.0.lock().expect("nothing panics");
}

fn join_under_lock() {
    let locks = locks();
    let other = Arc::clone(&locks);
    let _a = locks.0.lock().expect("nothing panics");
    let thread = thread::spawn(move || drop(other.0.lock()));
    thread.join().expect("nothing panics");
}

/// Shared sides in both orders do not block each other.
fn readers() {
    let lock = |name: &str| RwLock::new(0).named(name);
    let locks = Arc::new((lock("a"), lock("b")));
    let other = Arc::clone(&locks);
    let first = thread::spawn(move || {
        let _a = other.0.read().expect("nothing panics");
        let _b = other.1.read().expect("nothing panics");
    });
    let b = locks.1.read().expect("nothing panics");
    drop(locks.0.read());
    drop(b);
    first.join().expect("nothing panics");
}

/// Everybody waits for what never comes, and nobody for a lock.
fn abandoned() {
    let start = |name: &str, body: fn()| {
        let builder = thread::Builder::new().name(name.to_owned());
        builder.spawn(body).expect("there is room for a thread")
    };
    let threads = [
        // A function pointer would have no site of its own.
        start("parked", || {
            thread::park();
        }),
        start("notified", || {
            let (lock, due) = (Mutex::new(()), Condvar::new().named("due"));
            let guard = lock.lock().expect("nothing panics");
            drop(due.wait_while(guard, |()| true));
        }),
        start("met", || {
            Barrier::new(2).named("phase").wait();
        }),
        start("sender", || {
            let (jobs, _kept) = mpsc::sync_channel(0);
            let _refused = jobs.named("jobs").send(1);
        }),
    ];
    let state = Mutex::new(0).named("state");
    let _state = state.lock().expect("nothing panics");
    let (_kept, answers) = mpsc::channel::<u32>();
    let _nothing = answers.named("answers").recv();
    drop(threads);
}
