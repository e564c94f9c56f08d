//! How the helper falls asleep, is woken and ends: it always ends, asleep or
//! not; and a thread that draws while it sleeps wakes it.
//!
//! A thread that misses its falling asleep does not wake it, and is not meant
//! to: the next one that draws does.

use loom::sync::Arc;
use loom::thread;

use super::*;

fn bell() -> Arc<Bell> {
    let bell = Bell::new();
    // Touches what the threads share.
    bell.drawn(0);
    Arc::new(bell)
}

fn helper(bell: &Arc<Bell>) -> thread::JoinHandle<()> {
    let bell = bell.clone();
    thread::spawn(move || while bell.sleep(None) {})
}

#[test]
fn the_helper_ends_whether_it_sleeps_or_not() {
    loom::model(|| {
        let bell = bell();
        let helper = helper(&bell);
        let other = {
            let bell = bell.clone();
            thread::spawn(move || bell.drawn(0))
        };
        bell.hang_up();
        other.join().expect("no law is broken");
        helper.join().expect("it ends");
    });
}

#[test]
fn whoever_draws_again_and_again_wakes_it() {
    loom::model(|| {
        let bell = bell();
        let rounds = Arc::new(AtomicU32::new(0));
        // Relaxed, all: what is told is the number alone.
        rounds.store(0, Ordering::Relaxed);
        let helper = {
            let (bell, rounds) = (bell.clone(), rounds.clone());
            thread::spawn(move || {
                while bell.sleep(None) {
                    rounds.store(1, Ordering::Relaxed);
                }
            })
        };
        while rounds.load(Ordering::Relaxed) == 0 {
            bell.drawn(0);
            thread::yield_now();
        }
        bell.hang_up();
        helper.join().expect("it ends");
    });
}
