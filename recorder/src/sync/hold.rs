//! Holds of locks: how mutexes and readers-writer locks number and record them.
//!
//! Exclusive holds count those that have ended, beside the data; a shared hold
//! records the count that it saw while holding, and shares no counter. So a
//! shared hold of number `n` lies between the exclusive holds `n - 1` and `n`,
//! and shared holds of one number are unordered, as they were.
//!
//! A begin is recorded after the lock is taken, an end before it is let go of.
//! A blocking method tries first; only where it must wait does it record (and
//! stamp) a `req` and flag the lock, so that the release that ends the wait is
//! stamped too. A hold whose begin was not recorded has no recorded end.

use std::panic::Location;
use std::sync::{LockResult, TryLockResult};

use hbtrace_traces::event::NO_NUMBER;
use hbtrace_traces::kind::{Kind, Mode};
use hbtrace_traces::object::ObjectKind;

use super::poison;
use crate::emit::{self, Event};
use crate::object::Object;
use crate::primitive::{AtomicU32, AtomicU64, Ordering};

/// `extra` of a `req` that is about the shared side of a lock.
const SHARED: u64 = 2;

/// What a lock has besides its value.
pub(super) struct Head {
    object: Object,
    kind: ObjectKind,
    /// Exclusive holds that have ended. Written only under an exclusive hold,
    /// read only under a hold: the lock itself orders it.
    ended: AtomicU64,
    /// Threads that wait. Decides only whether releases are stamped.
    waiting: AtomicU32,
}

/// One hold, from its recorded begin to its recorded end.
pub(super) struct Hold<'a> {
    head: &'a Head,
    mode: Mode,
    /// Exclusive holds ended before it, or [`NO_NUMBER`]: it is not recorded.
    number: u64,
    /// Where it was taken.
    site: &'static Location<'static>,
}

impl Head {
    #[track_caller]
    pub(super) const fn new(kind: ObjectKind) -> Head {
        Head {
            object: Object::new(),
            kind,
            ended: AtomicU64::new(0),
            waiting: AtomicU32::new(0),
        }
    }

    pub(super) fn set_name(&self, name: &str) {
        self.object.name(self.kind, name);
    }

    fn id(&self) -> u32 {
        self.object.id(self.kind)
    }

    #[inline]
    fn event(&self, kind: Kind, site: &'static Location<'static>) -> Event {
        Event::new(kind, self.id(), site)
    }

    /// Takes the lock, trying before blocking.
    #[inline]
    pub(super) fn take<G>(
        &self,
        mode: Mode,
        site: &'static Location<'static>,
        attempt: impl Fn() -> TryLockResult<G>,
        block: impl FnOnce() -> LockResult<G>,
    ) -> (LockResult<G>, Hold<'_>) {
        if !emit::recording() {
            return (block(), self.unrecorded(mode, site));
        }
        if let Some(result) = poison::tried(attempt()) {
            return (result, self.begin(mode, site, |event| event));
        }
        self.wait(mode, site, attempt, block)
    }

    /// Flags the lock and tries once more, so that the release of whoever
    /// holds it now is most likely stamped; then waits.
    #[cold]
    fn wait<G>(
        &self,
        mode: Mode,
        site: &'static Location<'static>,
        attempt: impl Fn() -> TryLockResult<G>,
        block: impl FnOnce() -> LockResult<G>,
    ) -> (LockResult<G>, Hold<'_>) {
        // Relaxed: a hint for whoever releases.
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let at_last = poison::tried(attempt());
        let waits = at_last.is_none();
        let result = at_last.unwrap_or_else(|| {
            let request = self.event(Kind::Req, site).timed(true);
            emit::sync(match mode {
                Mode::Exclusive => request,
                Mode::Shared => request.extra(SHARED),
            });
            block()
        });
        // Relaxed: as above.
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        (result, self.begin(mode, site, |event| event.timed(waits)))
    }

    /// Tries to take the lock.
    #[inline]
    pub(super) fn try_take<G>(
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

    #[inline]
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
    #[inline]
    fn end(&self, kind: Kind) {
        if self.number != NO_NUMBER {
            self.record_end(kind);
        }
    }

    fn record_end(&self, kind: Kind) {
        // Relaxed: a hint, as said at the field.
        let timed = self.head.waiting.load(Ordering::Relaxed) != 0;
        let event = self.head.event(kind, self.site);
        emit::sync(event.number(self.number).timed(timed));
        if self.mode == Mode::Exclusive {
            // Relaxed: ordered by the lock, which this hold still has.
            self.head.ended.store(self.number + 1, Ordering::Relaxed);
        }
    }

    /// An exclusive hold ends and becomes a shared one.
    pub(super) fn downgrade(self) -> Hold<'a> {
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

/// A hold that was let go of to wait for a condition.
pub(super) struct Suspended<'a> {
    head: &'a Head,
    /// Whether the hold was recorded.
    recorded: bool,
}

impl<'a> Hold<'a> {
    /// Records that it ends to wait for `condition`; the lock is still held.
    pub(super) fn suspend(
        self,
        condition: &Object,
        site: &'static Location<'static>,
    ) -> Suspended<'a> {
        let head = self.head;
        let recorded = self.number != NO_NUMBER;
        if recorded {
            let wait = Event::new(Kind::Wait, condition.id(ObjectKind::Condvar), site);
            emit::sync(wait.other(head.id()).number(self.number).timed(true));
            // Relaxed: ordered by the lock, which this hold still has.
            head.ended.store(self.number + 1, Ordering::Relaxed);
        }
        // Its end is recorded already, as the wait.
        std::mem::forget(self);
        Suspended { head, recorded }
    }
}

impl<'a> Suspended<'a> {
    /// Records that the wait is over and the lock held again.
    pub(super) fn resume(self, condition: &Object, site: &'static Location<'static>) -> Hold<'a> {
        if !self.recorded {
            return self.head.unrecorded(Mode::Exclusive, site);
        }
        // Relaxed: ordered by the lock, which the caller holds.
        let number = self.head.ended.load(Ordering::Relaxed);
        let woken = Event::new(Kind::Woken, condition.id(ObjectKind::Condvar), site);
        emit::sync(woken.other(self.head.id()).number(number).timed(true));
        Hold {
            head: self.head,
            mode: Mode::Exclusive,
            number,
            site,
        }
    }
}

impl Drop for Hold<'_> {
    #[inline]
    fn drop(&mut self) {
        self.end(match self.mode {
            Mode::Exclusive => Kind::Rel,
            Mode::Shared => Kind::ReadRel,
        });
    }
}
