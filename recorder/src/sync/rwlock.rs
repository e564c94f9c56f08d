//! Mirror of [`std::sync::RwLock`].
//!
//! Writers count the exclusive holds that have ended, beside the data; readers
//! record the count that they saw while holding and share no counter of ours.
//! A shared hold of number `n` thus lies between the exclusive holds `n - 1`
//! and `n`, and shared holds of the same number are unordered, as they were.
//!
//! An acquisition is recorded after it, a release before it. Blocking methods
//! try first; only where they must wait do they record (and stamp) a `req`
//! and flag the lock, so that the release that ends the wait is stamped too.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{self as std_sync, LockResult, TryLockError, TryLockResult};

use hbtrace_traces::event::NO_NUMBER;
use hbtrace_traces::kind::{Kind, Mode};
use hbtrace_traces::object::ObjectKind;

use super::poison;
use crate::emit::{self, Event};
use crate::object::Object;

/// A readers-writer lock that records its holds; see [`std::sync::RwLock`].
pub struct RwLock<T: ?Sized> {
    head: Head,
    inner: std_sync::RwLock<T>,
}

/// Shared access to a locked value; see [`std::sync::RwLockReadGuard`].
#[must_use = "if unused the RwLock will immediately unlock"]
#[clippy::has_significant_drop]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    // Dropped first: records the release while the lock is still held.
    _hold: Hold<'a>,
    inner: std_sync::RwLockReadGuard<'a, T>,
}

/// Exclusive access to a locked value; see [`std::sync::RwLockWriteGuard`].
#[must_use = "if unused the RwLock will immediately unlock"]
#[clippy::has_significant_drop]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    // Dropped first: records the release while the lock is still held.
    hold: Hold<'a>,
    inner: std_sync::RwLockWriteGuard<'a, T>,
}

/// What a lock has besides its value.
struct Head {
    object: Object,
    /// Exclusive holds that have ended. Written only under an exclusive hold,
    /// read only under a hold: the lock itself orders it.
    ended: AtomicU64,
    /// Threads that wait. Decides only whether releases are stamped.
    waiting: AtomicU32,
}

/// One hold, from its recorded begin to its recorded end.
struct Hold<'a> {
    head: &'a Head,
    mode: Mode,
    /// Exclusive holds ended before it, or [`NO_NUMBER`]: it is not recorded.
    number: u64,
    /// Where it was taken.
    site: &'static Location<'static>,
}

impl Head {
    fn event(&self, kind: Kind, site: &'static Location<'static>) -> Event {
        Event::new(kind, self.object.id(ObjectKind::RwLock), site)
    }

    /// Takes the lock, trying before blocking.
    fn take<G>(
        &self,
        mode: Mode,
        site: &'static Location<'static>,
        attempt: impl FnOnce() -> TryLockResult<G>,
        block: impl FnOnce() -> LockResult<G>,
    ) -> (LockResult<G>, Hold<'_>) {
        if !emit::recording() {
            return (block(), self.unrecorded(mode, site));
        }
        if let Some(result) = poison::tried(attempt()) {
            return (result, self.begin(mode, site, |event| event));
        }
        emit::sync(self.event(Kind::Req, site).timed(true));
        // Relaxed: a hint for whoever releases.
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let result = block();
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        (result, self.begin(mode, site, |event| event.timed(true)))
    }

    /// Tries to take the lock.
    fn try_take<G>(
        &self,
        mode: Mode,
        site: &'static Location<'static>,
        attempt: impl FnOnce() -> TryLockResult<G>,
    ) -> Option<(LockResult<G>, Hold<'_>)> {
        let result = poison::tried(attempt())?;
        let hold = if emit::recording() {
            self.begin(mode, site, |event| event.tried(true))
        } else {
            self.unrecorded(mode, site)
        };
        Some((result, hold))
    }

    /// Records that a hold has begun; the caller has the lock.
    fn begin(
        &self,
        mode: Mode,
        site: &'static Location<'static>,
        fill: impl FnOnce(Event) -> Event,
    ) -> Hold<'_> {
        let kind = match mode {
            Mode::Exclusive => Kind::Acq,
            Mode::Shared => Kind::ReadAcq,
        };
        // Relaxed: ordered by the lock, which the caller holds.
        let number = self.ended.load(Ordering::Relaxed);
        emit::sync(fill(self.event(kind, site).number(number)));
        Hold {
            head: self,
            mode,
            number,
            site,
        }
    }

    fn unrecorded(&self, mode: Mode, site: &'static Location<'static>) -> Hold<'_> {
        Hold {
            head: self,
            mode,
            number: NO_NUMBER,
            site,
        }
    }
}

impl<'a> Hold<'a> {
    /// Records its end; the lock is still held.
    fn end(&self, kind: Kind) {
        if self.number == NO_NUMBER {
            return;
        }
        // Relaxed: a hint, as said at the field.
        let timed = self.head.waiting.load(Ordering::Relaxed) != 0;
        emit::sync(
            self.head
                .event(kind, self.site)
                .number(self.number)
                .timed(timed),
        );
        if self.mode == Mode::Exclusive {
            // Relaxed: ordered by the lock, which this hold still has.
            self.head.ended.store(self.number + 1, Ordering::Relaxed);
        }
    }

    /// An exclusive hold ends and becomes a shared one.
    fn downgrade(self) -> Hold<'a> {
        self.end(Kind::Downgrade);
        let number = match self.number {
            NO_NUMBER => NO_NUMBER,
            number => number + 1,
        };
        let shared = Hold {
            head: self.head,
            mode: Mode::Shared,
            number,
            site: self.site,
        };
        // Its end is recorded already, as the downgrade.
        std::mem::forget(self);
        shared
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.end(match self.mode {
            Mode::Exclusive => Kind::Rel,
            Mode::Shared => Kind::ReadRel,
        });
    }
}

impl<T> RwLock<T> {
    /// As [`std::sync::RwLock::new`].
    #[track_caller]
    pub const fn new(value: T) -> RwLock<T> {
        RwLock {
            head: Head {
                object: Object::new(),
                ended: AtomicU64::new(0),
                waiting: AtomicU32::new(0),
            },
            inner: std_sync::RwLock::new(value),
        }
    }

    /// As [`std::sync::RwLock::into_inner`].
    ///
    /// # Errors
    /// If a thread panicked while it held the lock exclusively.
    pub fn into_inner(self) -> LockResult<T> {
        self.inner.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// As [`std::sync::RwLock::read`].
    ///
    /// # Errors
    /// If a thread panicked while it held the lock exclusively.
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        let (result, hold) = self.head.take(
            Mode::Shared,
            Location::caller(),
            || self.inner.try_read(),
            || self.inner.read(),
        );
        poison::map(result, |inner| RwLockReadGuard { _hold: hold, inner })
    }

    /// As [`std::sync::RwLock::try_read`].
    ///
    /// # Errors
    /// If it would block, or if a thread panicked while it held the lock
    /// exclusively.
    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        let site = Location::caller();
        let taken = self
            .head
            .try_take(Mode::Shared, site, || self.inner.try_read());
        poison::try_result(taken.map(|(result, hold)| {
            poison::map(result, |inner| RwLockReadGuard { _hold: hold, inner })
        }))
    }

    /// As [`std::sync::RwLock::write`].
    ///
    /// # Errors
    /// If a thread panicked while it held the lock exclusively.
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        let (result, hold) = self.head.take(
            Mode::Exclusive,
            Location::caller(),
            || self.inner.try_write(),
            || self.inner.write(),
        );
        poison::map(result, |inner| RwLockWriteGuard { hold, inner })
    }

    /// As [`std::sync::RwLock::try_write`].
    ///
    /// # Errors
    /// If it would block, or if a thread panicked while it held the lock
    /// exclusively.
    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        let site = Location::caller();
        let taken = self
            .head
            .try_take(Mode::Exclusive, site, || self.inner.try_write());
        poison::try_result(
            taken.map(|(result, hold)| {
                poison::map(result, |inner| RwLockWriteGuard { hold, inner })
            }),
        )
    }

    /// As [`std::sync::RwLock::is_poisoned`].
    pub fn is_poisoned(&self) -> bool {
        self.inner.is_poisoned()
    }

    /// As [`std::sync::RwLock::clear_poison`].
    pub fn clear_poison(&self) {
        self.inner.clear_poison();
    }

    /// As [`std::sync::RwLock::get_mut`].
    ///
    /// # Errors
    /// If a thread panicked while it held the lock exclusively.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.inner.get_mut()
    }

    pub(crate) fn set_name(&self, name: &str) {
        self.head.object.name(ObjectKind::RwLock, name);
    }
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// As [`std::sync::RwLockWriteGuard::downgrade`].
    pub fn downgrade(s: RwLockWriteGuard<'a, T>) -> RwLockReadGuard<'a, T> {
        let RwLockWriteGuard { hold, inner } = s;
        RwLockReadGuard {
            _hold: hold.downgrade(),
            inner: std_sync::RwLockWriteGuard::downgrade(inner),
        }
    }
}

impl<T: Default> Default for RwLock<T> {
    #[track_caller]
    fn default() -> RwLock<T> {
        RwLock::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    #[track_caller]
    fn from(value: T) -> RwLock<T> {
        RwLock::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    /// Reads the value as [`try_read`](RwLock::try_read) does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("RwLock");
        match self.try_read() {
            Ok(guard) => out.field("data", &&*guard),
            Err(TryLockError::Poisoned(poisoned)) => out.field("data", &&**poisoned.get_ref()),
            Err(TryLockError::WouldBlock) => out.field("data", &format_args!("<locked>")),
        };
        out.field("poisoned", &self.is_poisoned());
        out.finish_non_exhaustive()
    }
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
