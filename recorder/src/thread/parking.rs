//! The token of a thread's parking.
//!
//! The token and std's own are set together, under a lock that is held for no
//! more than that, so a return of std's `park` consumes both. `unpark` records
//! how many unparks there have been; `park` the same number, of those that it
//! consumes: all so far, since several unparks before a park are one token.
//!
//! A return that finds no token (spurious, timed out, or woken through std's
//! own handle) orders nothing. Limit: if std's own handle wakes the thread and
//! an unpark comes before the thread has looked at the token, the unpark counts
//! as consumed, although the thread had returned already.

use std::panic::Location;
use std::time::{Duration, Instant};

use hbtrace_traces::kind::Kind;

use crate::emit::{self, Event};
use crate::primitive::{Mutex, lock};

type Site = &'static Location<'static>;

/// `extra` of a `req` or `unreq` that is about a thread.
pub(super) const THREAD: u64 = 1;

/// A thread's token.
#[derive(Debug)]
pub(super) struct Parking {
    /// The thread's id in the trace, if it is recorded.
    thread: Option<u32>,
    token: Mutex<Token>,
}

#[derive(Debug, Default)]
struct Token {
    /// Given and not consumed.
    set: bool,
    /// How often it was given.
    unparks: u64,
    /// The thread is parked, or about to be.
    awaited: bool,
}

impl Parking {
    pub(super) fn new(thread: Option<u32>) -> Parking {
        Parking {
            thread,
            token: Mutex::new(Token::default()),
        }
    }

    /// Gives the token; `wake` is std's unpark.
    pub(super) fn unpark(&self, site: Site, wake: impl FnOnce()) {
        let mut token = lock(&self.token);
        token.unparks += 1;
        token.set = true;
        if let Some(thread) = self.thread {
            let event = Event::new(Kind::Unpark, thread, site);
            emit::sync(event.number(token.unparks).timed(token.awaited));
        }
        wake();
    }

    /// Waits for the token.
    pub(super) fn park(&self, site: Site) {
        let waits = self.begin(site);
        std::thread::park();
        self.end(site, waits);
    }

    /// Waits for the token, but not longer than `dur`.
    pub(super) fn park_timeout(&self, dur: Duration, site: Site) {
        let waits = self.begin(site);
        let start = Instant::now();
        std::thread::park_timeout(dur);
        let consumed = self.end(site, waits);
        if consumed && start.elapsed() >= dur {
            // std's token may have come after std had given up.
            std::thread::park_timeout(Duration::ZERO);
        }
    }

    /// Says that the thread starts to wait, unless the token is there.
    fn begin(&self, site: Site) -> bool {
        let mut token = lock(&self.token);
        token.awaited = !token.set;
        if token.awaited
            && let Some(thread) = self.thread
        {
            let event = Event::new(Kind::Req, thread, site);
            emit::sync(event.extra(THREAD).timed(true));
        }
        token.awaited
    }

    /// Consumes the token if it is there, and says so.
    fn end(&self, site: Site, waited: bool) -> bool {
        let mut token = lock(&self.token);
        token.awaited = false;
        let consumed = std::mem::take(&mut token.set);
        if let Some(thread) = self.thread {
            if consumed {
                let event = Event::new(Kind::Park, hbtrace_traces::event::NONE, site);
                emit::sync(event.number(token.unparks).timed(waited));
            } else if waited {
                let event = Event::new(Kind::Unreq, thread, site);
                emit::sync(event.extra(THREAD).timed(true));
            }
        }
        consumed
    }
}

#[cfg(all(test, loom))]
mod models;
