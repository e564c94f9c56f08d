//! Mirror of [`std::sync::Once`], and the gate that all once cells share.
//!
//! An own state machine under an internal lock, so that whoever has to wait
//! for a running initialiser is known exactly, and so that the end of the
//! initialiser stands in the trace before anyone can see it.
//!
//! Attempts are counted: the number of `once_done` is its attempt, a later
//! caller's `once_get` names the attempt it saw the end of. A thread's later
//! ones of the same attempt are left out (see `seen.rs`). An attempt that
//! panics ends as well (what it did happens before the next attempt, and
//! before the panic of a caller that finds the gate poisoned).

use std::cell::Cell;
use std::fmt;
use std::panic::Location;

use hbtrace_traces::kind::Kind;
use hbtrace_traces::object::ObjectKind;

use super::{poison, seen};
use crate::emit::{self, Event};
use crate::object::Object;
use crate::primitive::{AtomicU8, AtomicU64, Condvar, Mutex, MutexGuard, Ordering, lock};

/// Runs an initialiser once and records it; see [`std::sync::Once`].
pub struct Once {
    gate: Gate,
}

/// As [`std::sync::ONCE_INIT`].
#[deprecated(since = "1.38.0", note = "the `Once::new()` function is now preferred")]
#[allow(
    clippy::declare_interior_mutable_const,
    reason = "std's is such a constant"
)]
pub const ONCE_INIT: Once = Once::new();

/// State of a [`Once`] within its initialiser; see [`std::sync::OnceState`].
pub struct OnceState {
    poisoned: bool,
}

const INCOMPLETE: u8 = 0;
const RUNNING: u8 = 1;
const POISONED: u8 = 2;
const COMPLETE: u8 = 3;

/// Lets one initialiser through at a time, until one has completed.
pub(super) struct Gate {
    object: Object,
    /// Changes under `lock` only. Stored with Release when an initialiser has
    /// ended, loaded with Acquire by the fast paths.
    state: AtomicU8,
    /// Attempts that have ended; a reset changes nothing about them. Written
    /// before `state`.
    ended: AtomicU64,
    /// How many threads wait.
    lock: Mutex<usize>,
    changed: Condvar,
}

/// An initialiser that runs; dropped before its `end` was set it has panicked.
struct Attempt<'a> {
    gate: &'a Gate,
    site: &'static Location<'static>,
    end: Cell<u8>,
}

impl Gate {
    #[track_caller]
    pub(super) const fn new() -> Gate {
        Gate {
            object: Object::new(),
            state: AtomicU8::new(INCOMPLETE),
            ended: AtomicU64::new(0),
            lock: Mutex::new(0),
            changed: Condvar::new(),
        }
    }

    /// Whether an initialiser has completed. Seeing that is an acquire.
    #[inline]
    pub(super) fn is_complete(&self, site: &'static Location<'static>) -> bool {
        // Acquire: pairs with the Release of `Attempt::drop`.
        let complete = self.state.load(Ordering::Acquire) == COMPLETE;
        if complete && emit::recording() {
            let last = self.last_attempt();
            if !seen::has_seen(self.object.id(ObjectKind::Once), last) {
                self.seen(site, last, false);
            }
        }
        complete
    }

    /// Runs `initialise` unless one has completed, waiting for a running one.
    ///
    /// # Panics
    /// If an earlier one panicked and `force` is false, or if `initialise` does.
    #[inline]
    pub(super) fn call(
        &self,
        site: &'static Location<'static>,
        force: bool,
        initialise: impl FnOnce(&OnceState),
    ) {
        if !self.is_complete(site) {
            self.initialise(site, force, initialise);
        }
    }

    #[cold]
    fn initialise(
        &self,
        site: &'static Location<'static>,
        force: bool,
        initialise: impl FnOnce(&OnceState),
    ) {
        let (count, waited) = self.await_running(site);
        let last = self.last_attempt();
        // Relaxed, here and below: `count` is held, under which it is stored.
        match self.state.load(Ordering::Relaxed) {
            COMPLETE => {
                drop(count);
                self.seen(site, last, waited);
            }
            POISONED if !force => {
                drop(count);
                self.seen(site, last, waited);
                panic!("Once instance has previously been poisoned");
            }
            state => {
                self.state.store(RUNNING, Ordering::Relaxed);
                drop(count);
                self.begin(site, (state == POISONED).then_some(last), waited);
                let attempt = Attempt {
                    gate: self,
                    site,
                    end: Cell::new(POISONED),
                };
                initialise(&OnceState {
                    poisoned: state == POISONED,
                });
                attempt.end.set(COMPLETE);
            }
        }
    }

    /// Waits until an initialiser has completed.
    ///
    /// # Panics
    /// If one has panicked and `force` is false.
    pub(super) fn wait(&self, site: &'static Location<'static>, force: bool) {
        if self.is_complete(site) {
            return;
        }
        let until = |state| state == COMPLETE || (!force && state == POISONED);
        let (count, waited) = self.await_state(site, until);
        // Relaxed: as in `initialise`.
        let poisoned = self.state.load(Ordering::Relaxed) == POISONED;
        let last = self.last_attempt();
        drop(count);
        self.seen(site, last, waited);
        assert!(!poisoned, "Once instance has previously been poisoned");
    }

    /// Back to the beginning; the caller has the gate for itself.
    pub(super) fn reset(&mut self) {
        *self.state.get_mut() = INCOMPLETE;
    }

    /// Waits while an initialiser runs.
    fn await_running(&self, site: &'static Location<'static>) -> (MutexGuard<'_, usize>, bool) {
        self.await_state(site, |state| state != RUNNING)
    }

    /// Waits for the state under the internal lock, and tells whether it had to.
    fn await_state(
        &self,
        site: &'static Location<'static>,
        until: impl Fn(u8) -> bool,
    ) -> (MutexGuard<'_, usize>, bool) {
        let mut count = lock(&self.lock);
        // Relaxed, here and in the callers: the lock orders it.
        if until(self.state.load(Ordering::Relaxed)) {
            return (count, false);
        }
        if emit::recording() {
            emit::sync(self.event(Kind::Req, site).timed(true));
        }
        *count += 1;
        while !until(self.state.load(Ordering::Relaxed)) {
            count = poison::ignore(self.changed.wait(count));
        }
        *count -= 1;
        (count, true)
    }

    /// The attempt that ended last; there has been one.
    /// The attempt that ended last; there has been one.
    #[inline]
    fn last_attempt(&self) -> u64 {
        // Relaxed: written before the state that the caller has acquired.
        self.ended.load(Ordering::Relaxed).saturating_sub(1)
    }

    /// Records that the caller has seen the end of attempt `number`.
    fn seen(&self, site: &'static Location<'static>, number: u64, waited: bool) {
        if emit::recording() {
            let event = self.event(Kind::OnceGet, site);
            emit::sync(event.number(number).timed(waited));
            seen::note(event.sync.object, number);
        }
    }

    /// Records that an attempt begins: it has seen the one that `failed` before
    /// it, or has waited for nothing.
    fn begin(&self, site: &'static Location<'static>, failed: Option<u64>, waited: bool) {
        if let Some(number) = failed {
            self.seen(site, number, waited);
        } else if waited && emit::recording() {
            emit::sync(self.event(Kind::Unreq, site).timed(true));
        }
    }

    fn event(&self, kind: Kind, site: &'static Location<'static>) -> Event {
        Event::new(kind, self.object.id(ObjectKind::Once), site)
    }

    pub(super) fn set_name(&self, name: &str) {
        self.object.name(ObjectKind::Once, name);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let gate = self.gate;
        let count = lock(&gate.lock);
        // Relaxed: only attempts write it, one at a time.
        let number = gate.ended.load(Ordering::Relaxed);
        if emit::recording() {
            let event = gate.event(Kind::OnceDone, self.site);
            emit::sync(event.number(number).timed(*count != 0));
            seen::note(event.sync.object, number);
        }
        gate.ended.store(number + 1, Ordering::Relaxed);
        // Release: publishes the initialiser and `ended` to `is_complete`.
        gate.state.store(self.end.get(), Ordering::Release);
        gate.changed.notify_all();
    }
}

impl Once {
    /// As [`std::sync::Once::new`].
    #[allow(clippy::new_without_default, reason = "std's has none")]
    #[must_use]
    #[track_caller]
    pub const fn new() -> Once {
        Once { gate: Gate::new() }
    }

    /// As [`std::sync::Once::call_once`].
    ///
    /// # Panics
    /// If an earlier initialiser has panicked.
    #[track_caller]
    pub fn call_once<F: FnOnce()>(&self, f: F) {
        self.gate.call(Location::caller(), false, |_| f());
    }

    /// As [`std::sync::Once::call_once_force`].
    #[track_caller]
    pub fn call_once_force<F: FnOnce(&OnceState)>(&self, f: F) {
        self.gate.call(Location::caller(), true, f);
    }

    /// As [`std::sync::Once::is_completed`].
    #[track_caller]
    pub fn is_completed(&self) -> bool {
        self.gate.is_complete(Location::caller())
    }

    /// As [`std::sync::Once::wait`].
    ///
    /// # Panics
    /// If the initialiser has panicked.
    #[track_caller]
    pub fn wait(&self) {
        self.gate.wait(Location::caller(), false);
    }

    /// As [`std::sync::Once::wait_force`].
    #[track_caller]
    pub fn wait_force(&self) {
        self.gate.wait(Location::caller(), true);
    }

    pub(crate) fn set_name(&self, name: &str) {
        self.gate.set_name(name);
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").finish_non_exhaustive()
    }
}

impl OnceState {
    /// As [`std::sync::OnceState::is_poisoned`].
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.poisoned
    }
}

impl fmt::Debug for OnceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceState")
            .field("poisoned", &self.is_poisoned())
            .finish()
    }
}

#[cfg(all(test, loom))]
mod models;
