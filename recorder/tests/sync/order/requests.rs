//! What is recorded of a thread that has to wait for a lock.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use hbtrace_recorder::sync::{Mutex, RwLock};
use hbtrace_recorder::thread;
use hbtrace_traces::kind::Kind;

use super::exactly;

/// Whether a thread sleeps. One that has told its path and then asks for a
/// lock does so only there.
fn sleeps(path: &Path) -> bool {
    let stat = fs::read_to_string(path.join("stat")).unwrap_or_default();
    let state = stat.rsplit(')').next().unwrap_or_default();
    state.trim_start().starts_with('S')
}

/// Lets another thread `ask` while this one keeps `held`, until it waits.
fn waits<G>(held: G, ask: impl FnOnce() + Send) {
    let asker = OnceLock::<PathBuf>::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            let own = fs::read_link("/proc/thread-self").expect("this is Linux");
            asker.set(Path::new("/proc").join(own)).expect("one asker");
            ask();
        });
        while !asker.get().is_some_and(|asker| sleeps(asker)) {
            thread::yield_now();
        }
        drop(held);
    });
}

#[test]
fn sides_work() {
    let mutex = Mutex::new(());
    let lock = RwLock::new(());
    waits(mutex.lock().expect("no panic"), || drop(mutex.lock()));
    waits(lock.read().expect("no panic"), || drop(lock.write()));
    waits(lock.write().expect("no panic"), || drop(lock.write()));
    waits(lock.write().expect("no panic"), || drop(lock.read()));
}

#[test]
fn a_request_tells_the_side_of_the_lock_that_it_is_for() {
    let trace = exactly("order::requests::sides_work");
    let mut asked = Vec::new();
    for pair in trace
        .streams
        .iter()
        .flat_map(|stream| stream.sync.windows(2))
    {
        let takes = matches!(pair[1].kind, Kind::Acq | Kind::ReadAcq);
        if pair[0].kind == Kind::Req && takes {
            asked.push((pair[1].kind, pair[0].asks_shared()));
        }
    }
    let exclusive = (Kind::Acq, false);
    let shared = (Kind::ReadAcq, true);
    assert_eq!(asked, [exclusive, exclusive, exclusive, shared]);
}
