//! Mirror of [`std::sync::Condvar`], for the mutex of this module.
//!
//! `wait` ends the mutex's hold (recorded before it is let go of), `woken`
//! begins the next one (recorded once the mutex is held again). A notify
//! orders nothing and only explains a wait; it is recorded before it happens,
//! and stamped where someone waits.

use std::fmt;
use std::panic::Location;
use std::sync::{self as std_sync, LockResult};
use std::time::{Duration, Instant};

use hbtrace_traces::kind::Kind;
use hbtrace_traces::object::ObjectKind;

use super::MutexGuard;
use super::poison;
use crate::emit::{self, Event};
use crate::object::Object;
use crate::primitive::{AtomicU32, Ordering};

/// A condition variable that records its waits; see [`std::sync::Condvar`].
pub struct Condvar {
    object: Object,
    /// Threads that wait. Decides only whether notifies are stamped.
    waiting: AtomicU32,
    inner: std_sync::Condvar,
}

/// Whether a wait timed out; see [`std::sync::WaitTimeoutResult`].
#[derive(Debug, PartialEq, Eq, Copy, Clone)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// As [`std::sync::WaitTimeoutResult::timed_out`].
    #[must_use]
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

impl Condvar {
    /// As [`std::sync::Condvar::new`].
    #[must_use]
    #[track_caller]
    pub const fn new() -> Condvar {
        Condvar {
            object: Object::new(),
            waiting: AtomicU32::new(0),
            inner: std_sync::Condvar::new(),
        }
    }

    /// As [`std::sync::Condvar::wait`].
    ///
    /// # Errors
    /// If a thread panicked while it held the mutex.
    #[track_caller]
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        let result = self.suspended(guard, |inner| {
            poison::map(self.inner.wait(inner), |inner| (inner, ()))
        });
        poison::map(result, |(guard, ())| guard)
    }

    /// As [`std::sync::Condvar::wait_while`].
    ///
    /// # Errors
    /// If a thread panicked while it held the mutex.
    #[track_caller]
    pub fn wait_while<'a, T, F>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: F,
    ) -> LockResult<MutexGuard<'a, T>>
    where
        F: FnMut(&mut T) -> bool,
    {
        while condition(&mut *guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    /// As [`std::sync::Condvar::wait_timeout_ms`].
    ///
    /// # Errors
    /// If a thread panicked while it held the mutex.
    #[deprecated(since = "1.6.0", note = "replaced by `Condvar::wait_timeout`")]
    #[track_caller]
    pub fn wait_timeout_ms<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        ms: u32,
    ) -> LockResult<(MutexGuard<'a, T>, bool)> {
        let result = self.wait_timeout(guard, Duration::from_millis(u64::from(ms)));
        poison::map(result, |(guard, result)| (guard, !result.timed_out()))
    }

    /// As [`std::sync::Condvar::wait_timeout`].
    ///
    /// # Errors
    /// If a thread panicked while it held the mutex.
    #[track_caller]
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        dur: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        self.suspended(guard, |inner| {
            poison::map(self.inner.wait_timeout(inner, dur), |(inner, result)| {
                (inner, WaitTimeoutResult(result.timed_out()))
            })
        })
    }

    /// As [`std::sync::Condvar::wait_timeout_while`].
    ///
    /// # Errors
    /// If a thread panicked while it held the mutex.
    #[track_caller]
    pub fn wait_timeout_while<'a, T, F>(
        &self,
        mut guard: MutexGuard<'a, T>,
        dur: Duration,
        mut condition: F,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)>
    where
        F: FnMut(&mut T) -> bool,
    {
        let start = Instant::now();
        while condition(&mut *guard) {
            let Some(left) = dur.checked_sub(start.elapsed()) else {
                return Ok((guard, WaitTimeoutResult(true)));
            };
            guard = self.wait_timeout(guard, left)?.0;
        }
        Ok((guard, WaitTimeoutResult(false)))
    }

    /// As [`std::sync::Condvar::notify_one`].
    #[track_caller]
    pub fn notify_one(&self) {
        self.record_notify(Kind::Notify, Location::caller());
        self.inner.notify_one();
    }

    /// As [`std::sync::Condvar::notify_all`].
    #[track_caller]
    pub fn notify_all(&self) {
        self.record_notify(Kind::NotifyAll, Location::caller());
        self.inner.notify_all();
    }

    /// Waits by `wait`, between the end of one hold and the begin of the next.
    #[track_caller]
    fn suspended<'a, T, R>(
        &self,
        guard: MutexGuard<'a, T>,
        wait: impl FnOnce(std_sync::MutexGuard<'a, T>) -> LockResult<(std_sync::MutexGuard<'a, T>, R)>,
    ) -> LockResult<(MutexGuard<'a, T>, R)> {
        let site = Location::caller();
        let (hold, inner) = guard.into_parts();
        // Relaxed, here and below: a hint for notifiers.
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let suspended = hold.suspend(&self.object, site);
        let result = wait(inner);
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        let hold = suspended.resume(&self.object, site);
        poison::map(result, |(inner, result)| {
            (MutexGuard::from_parts(hold, inner), result)
        })
    }

    fn record_notify(&self, kind: Kind, site: &'static Location<'static>) {
        if emit::recording() {
            // Relaxed: a hint that steers stamps only.
            let timed = self.waiting.load(Ordering::Relaxed) != 0;
            let event = Event::new(kind, self.object.id(ObjectKind::Condvar), site);
            emit::sync(event.timed(timed));
        }
    }

    pub(crate) fn set_name(&self, name: &str) {
        self.object.name(ObjectKind::Condvar, name);
    }
}

impl Default for Condvar {
    #[track_caller]
    fn default() -> Condvar {
        Condvar::new()
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}
