//! Holds of locks of every family: what is known of a lock, and what its
//! functions tell.
//!
//! Exclusive holds are numbered by how many have ended, as for all locks; a
//! shared hold has the number that it saw while it held. A begin is told after
//! the lock is taken, an end before it is let go of. Where a lock is asked for,
//! it is tried first, and only a wait that follows is told as one. A hold whose
//! begin was not recorded has no recorded end.

use std::ffi::c_int;

use hbtrace_recorder::raw::{self, Place, Sync};
use hbtrace_traces::kind::Kind;
use hbtrace_traces::object::ObjectKind;

use crate::objects::Objects;
use crate::record::{Wait, active, telling};

/// `extra` of a `req` that is about the shared side of a lock.
const SHARED: u64 = 2;

/// How a lock is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Exclusively.
    Exclusive,
    /// Exclusively; who has it takes it once more, which orders nothing.
    Again,
    /// Together with others.
    Shared,
}

/// A lock.
pub(crate) struct Lock {
    id: u32,
    /// Exclusive holds that have ended.
    ended: u64,
    /// Who holds it exclusively, how often: none if 0.
    holder: u32,
    depth: u32,
    /// Shared holds.
    shared: u32,
    /// Threads that wait.
    waiting: u32,
    /// The next end of a hold bears its time: somebody may wait for it.
    stamp: bool,
}

impl Lock {
    fn new(id: u32) -> Lock {
        Lock {
            id,
            ended: 0,
            holder: 0,
            depth: 0,
            shared: 0,
            waiting: 0,
            stamp: false,
        }
    }

    /// A thread begins to wait.
    fn ask(&mut self) -> u32 {
        self.waiting += 1;
        self.stamp = true;
        self.id
    }

    /// It does no longer. If others wait, the end that is to come most likely
    /// ends the wait of one.
    fn waited(&mut self) {
        self.waiting = self.waiting.saturating_sub(1);
        self.stamp |= self.waiting > 0;
    }

    /// It has been taken by the thread `me`. Its number, if a hold begins.
    fn take(&mut self, me: u32, mode: Mode) -> Option<u64> {
        match mode {
            Mode::Shared => self.shared += 1,
            Mode::Again if self.depth > 0 && self.holder == me => {
                self.depth += 1;
                return None;
            }
            Mode::Exclusive | Mode::Again => {
                if self.depth > 0 {
                    // The end of that hold was told by nobody.
                    self.ended += 1;
                }
                (self.holder, self.depth) = (me, 1);
            }
        }
        Some(self.ended)
    }

    /// The thread `me` is about to let go of it (`owned`: nobody else may).
    /// Which end of a hold that is, of number `ended` as it was before.
    fn drop(&mut self, me: u32, owned: bool) -> Option<Kind> {
        if self.depth == 0 {
            let held = self.shared > 0;
            self.shared = self.shared.saturating_sub(1);
            return held.then_some(Kind::ReadRel);
        }
        if owned && self.holder != me {
            return None;
        }
        self.depth -= 1;
        if self.depth > 0 {
            return None;
        }
        self.ended += 1;
        Some(Kind::Rel)
    }
}

/// All locks of a kind, by address.
pub(crate) struct Family {
    locks: Objects<Lock>,
    kind: ObjectKind,
}

/// A request for a lock, as the program made it.
#[derive(Clone, Copy)]
pub(crate) struct Request {
    pub(crate) address: usize,
    /// Where the call returns to.
    pub(crate) back: usize,
    pub(crate) mode: Mode,
    /// What a try returns if another has it.
    pub(crate) busy: c_int,
}

/// A lock that was let go of until a condition is told.
pub(crate) struct Suspended {
    /// The lock's id.
    pub(crate) lock: u32,
    /// The number of the hold that ends.
    pub(crate) number: u64,
}

/// Whether it says that the lock is taken, from a thread that is no more maybe.
pub(crate) fn is_taken(result: c_int) -> bool {
    result == 0 || result == libc::EOWNERDEAD
}

impl Family {
    pub(crate) const fn new(kind: ObjectKind) -> Family {
        Family {
            locks: Objects::new(),
            kind,
        }
    }

    fn with<R>(&self, address: usize, place: Place, then: impl FnOnce(&mut Lock) -> R) -> R {
        let make = || Lock::new(raw::object(self.kind, address, 0, place));
        self.locks.with(address, make, then)
    }

    /// Takes a lock by `attempt`, or by `block` if another has it, which may
    /// give up.
    #[inline]
    pub(crate) fn take(
        &self,
        request: Request,
        attempt: impl FnOnce() -> c_int,
        block: impl FnOnce() -> c_int,
    ) -> c_int {
        if !active() {
            return block();
        }
        let tried = attempt();
        if is_taken(tried) {
            self.begin(request, false, false);
        }
        if tried != request.busy {
            return tried;
        }
        self.wait(request, block)
    }

    /// Takes a lock that another has.
    #[cold]
    fn wait(&self, request: Request, block: impl FnOnce() -> c_int) -> c_int {
        let place = Place::of_call(request.back);
        let id = telling(|| self.with(request.address, place, Lock::ask));
        let extra = if request.mode == Mode::Shared {
            SHARED
        } else {
            0
        };
        let wait = Wait::begin(id, extra, place);
        let result = block();
        if is_taken(result) {
            wait.over();
            self.begin(request, false, true);
        } else {
            telling(|| self.with(request.address, place, Lock::waited));
            drop(wait);
        }
        result
    }

    /// Takes a lock by `attempt`, or not.
    #[inline]
    pub(crate) fn attempt(&self, request: Request, attempt: impl FnOnce() -> c_int) -> c_int {
        let tried = attempt();
        if is_taken(tried) && active() {
            self.begin(request, true, false);
        }
        tried
    }

    /// Tells that a lock has been taken.
    fn begin(&self, request: Request, tried: bool, waited: bool) {
        telling(|| {
            let place = Place::of_call(request.back);
            let me = raw::thread();
            let (id, number) = self.with(request.address, place, |lock| {
                if waited {
                    lock.waited();
                }
                (lock.id, lock.take(me, request.mode))
            });
            let kind = match request.mode {
                Mode::Shared => Kind::ReadAcq,
                Mode::Exclusive | Mode::Again => Kind::Acq,
            };
            if let Some(number) = number {
                let event = Sync::new(kind, id, place).number(number);
                event.tried(tried).timed(waited).tell();
            }
        });
    }

    /// Tells that a lock is about to be let go of; `owned`: that fails if
    /// another has it.
    #[inline]
    pub(crate) fn release(&self, address: usize, back: usize, owned: bool) {
        if active() {
            telling(|| self.end(address, Place::of_call(back), owned));
        }
    }

    fn end(&self, address: usize, place: Place, owned: bool) {
        let me = raw::thread();
        let event = self.with(address, place, |lock| {
            let (number, holder) = (lock.ended, lock.holder);
            let kind = lock.drop(me, owned)?;
            let stamp = std::mem::take(&mut lock.stamp);
            let event = Sync::new(kind, lock.id, place).number(number).timed(stamp);
            let foreign = kind == Kind::Rel && holder != me;
            Some(if foreign { event.other(holder) } else { event })
        });
        if let Some(event) = event {
            event.tell();
        }
    }

    /// Tells that this thread, which ends, leaves a lock to whoever takes it
    /// from the dead.
    pub(crate) fn leave(&self, address: usize, place: Place) {
        telling(|| self.end(address, place, true));
    }

    /// This thread's hold is about to end so that it can wait for a condition.
    /// `None`: it has none that was recorded, or has taken it several times.
    pub(crate) fn suspend(&self, address: usize, place: Place) -> Option<Suspended> {
        let me = raw::thread();
        self.with(address, place, |lock| {
            if lock.depth != 1 || lock.holder != me {
                return None;
            }
            let number = lock.ended;
            lock.ended += 1;
            lock.depth = 0;
            lock.stamp = false;
            Some(Suspended {
                lock: lock.id,
                number,
            })
        })
    }

    /// It has the lock again: the hold's number.
    pub(crate) fn resume(&self, address: usize, place: Place) -> u64 {
        let me = raw::thread();
        self.with(address, place, |lock| {
            let number = lock.take(me, Mode::Exclusive);
            number.unwrap_or(lock.ended)
        })
    }

    /// A lock's life begins or ends.
    pub(crate) fn forget(&self, address: usize) {
        if active() {
            telling(|| self.locks.remove(address));
        }
    }
}
