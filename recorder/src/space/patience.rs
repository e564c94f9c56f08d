//! Waiting for room, where that was chosen.
//!
//! The disk may have room again: another program removed something. A thread
//! tries again for a tenth of a second; if that was in vain, nobody waits for
//! the next second, so that a service whose disk stays full loses a tenth of
//! its time and not more.
//!
//! Nobody waits within a signal handler, where the thread that was interrupted
//! may hold what others need. A handler runs with its signal blocked (unless it
//! asked for the opposite), so a thread that blocks any signal does not wait.
#![allow(unsafe_code)] // A look at the thread's signal mask.

use std::time::{Duration, Instant};

use crate::primitive::{Mutex, lock};

/// The longest that one draw waits.
const WAIT_MOST: Duration = Duration::from_millis(100);
const BETWEEN: Duration = Duration::from_millis(2);
/// How long nobody waits after one did in vain.
const PAUSE: Duration = Duration::from_secs(1);

/// Whether, and when, to wait.
pub(super) struct Patience {
    wanted: bool,
    /// When somebody waited in vain.
    vain: Mutex<Option<Instant>>,
}

impl Patience {
    pub(super) const fn new(wanted: bool) -> Patience {
        Patience {
            wanted,
            vain: Mutex::new(None),
        }
    }

    /// Whether anybody waits at all.
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// Tries until `attempt` gives something or the time is up. Returns what it
    /// gave and the milliseconds that it took.
    pub(super) fn wait<T>(&self, mut attempt: impl FnMut() -> Option<T>) -> (Option<T>, u32) {
        if !self.wanted || self.is_paused() || blocks_signals() {
            return (None, 0);
        }
        let start = Instant::now();
        loop {
            std::thread::sleep(BETWEEN);
            let given = attempt();
            let waited = start.elapsed();
            if given.is_some() || waited >= WAIT_MOST {
                if given.is_none() {
                    *lock(&self.vain) = Some(Instant::now());
                }
                return (given, waited.as_millis() as u32);
            }
        }
    }

    fn is_paused(&self) -> bool {
        lock(&self.vain).is_some_and(|vain| vain.elapsed() < PAUSE)
    }
}

/// Whether this thread blocks any signal that can be handled.
fn blocks_signals() -> bool {
    // SAFETY: a plain set of bits, for which zeros are lawful, and a call that
    // only fills it.
    unsafe {
        let mut blocked = std::mem::zeroed();
        if libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), &mut blocked) != 0 {
            return true;
        }
        (1..libc::SIGRTMAX()).any(|signal| libc::sigismember(&blocked, signal) == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tries_for_a_while_and_then_nobody_waits_for_a_while() {
        let patience = Patience::new(true);
        let mut left = 3;
        let (given, _) = patience.wait(|| {
            left -= 1;
            (left == 0).then_some(7)
        });
        assert_eq!(given, Some(7));
        let (given, waited) = patience.wait(|| None::<u8>);
        assert!(given.is_none() && waited >= 100, "{waited} ms");
        assert_eq!(patience.wait(|| Some(7)), (None, 0));
        assert_eq!(Patience::new(false).wait(|| Some(7)), (None, 0));
    }
}
