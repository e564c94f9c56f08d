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
//!
//! **Cost.** The count and the lock's id stand in one word, as a compact event
//! holds them: recording an uncontended hold is to copy that word, or to find that
//! the event before tells it.

use std::panic::Location;
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

use hbtrace_traces::event::{MemoryOrder, NO_NUMBER, SyncEvent};
use hbtrace_traces::format::words::{
    self, OBJECT_BITS, OBJECT_MASK, compact_kind, compact_site, is_compact, site_of_compact,
};
use hbtrace_traces::id::SiteId;
use hbtrace_traces::kind::Kind;
use hbtrace_traces::object::ObjectKind;

mod suspended;

use super::poison;
use crate::emit::{self, Event};
use crate::object::Object;
use crate::primitive::{AtomicU32, AtomicU64, Ordering};
use crate::state;

/// `extra` of a `req` that is about the shared side of a lock.
const SHARED: u64 = 2;
/// How often a lock that others have is looked at before it is waited for.
const SPINS: u32 = if cfg!(loom) { 1 } else { 100 };
/// The next release is stamped.
const STAMP: u32 = 1;
/// One thread that waits.
const WAITER: u32 = 2;
/// What one more exclusive hold adds to [`Head::ended`].
const ONE: u64 = 1 << OBJECT_BITS;

/// What a lock has besides its value.
pub(super) struct Head {
    /// Exclusive holds that have ended, above the bits of the object's id + 1.
    /// These are 0 as long as the id is not drawn, and for good if id or count
    /// are too large for a compact event. Written only under an exclusive hold
    /// (but for the id), read only under a hold: the lock orders it.
    ended: AtomicU64,
    object: Object,
    kind: ObjectKind,
    /// Threads that wait, in [`WAITER`]s, and whether the next release is to be
    /// [stamped](STAMP): it is asked for by whoever begins to wait and by whoever
    /// takes the lock while others wait. (Asking for all of them while anybody
    /// waits would slow down a thread that takes the lock again and again.)
    waiting: AtomicU32,
}

/// One hold, from its recorded begin to its recorded end.
pub(super) struct Hold<'a, const SHARED: bool> {
    head: &'a Head,
    /// Where it was taken, as [`compact_site`] says it; not compact if the
    /// object's id does not fit; 0: it is not recorded.
    site: u64,
}

/// An exclusive hold.
pub(super) type Exclusive<'a> = Hold<'a, false>;
/// A shared hold.
pub(super) type Shared<'a> = Hold<'a, true>;

impl Head {
    #[track_caller]
    pub(super) const fn new(kind: ObjectKind) -> Head {
        Head {
            ended: AtomicU64::new(0),
            object: Object::new(),
            kind,
            waiting: AtomicU32::new(0),
        }
    }

    pub(super) fn set_name(&self, name: &str) {
        self.object.name(self.kind, name);
    }

    fn id(&self) -> u32 {
        self.object.id(self.kind)
    }

    /// Exclusive holds that have ended; the caller holds the lock.
    fn number(&self) -> u64 {
        // Relaxed: ordered by the lock.
        self.ended.load(Ordering::Relaxed) >> OBJECT_BITS
    }

    /// One more exclusive hold has ended; the caller still has the lock.
    #[inline(always)]
    fn advance(&self, ended: u64) {
        let mut next = ended.wrapping_add(ONE);
        if next.cast_signed() < 0 {
            next = far(next);
        }
        // Relaxed: ordered by the lock.
        self.ended.store(next, Ordering::Relaxed);
    }

    /// Takes the lock, trying before blocking. `wrap` makes the mirror's guard
    /// of std's and the hold.
    ///
    /// What is out of line here returns nothing or a word, so that the guard
    /// stays in registers.
    #[inline(always)]
    pub(super) fn take<'a, G, W, const SHARED: bool>(
        &'a self,
        site: &'static Location<'static>,
        attempt: impl Fn() -> TryLockResult<G>,
        block: impl Fn() -> LockResult<G>,
        wrap: impl Fn(G, Hold<'a, SHARED>) -> W,
    ) -> LockResult<W> {
        let hold = |site| Hold { head: self, site };
        if !emit::recording() {
            return poison::map(block(), |guard| wrap(guard, hold(0)));
        }
        // Tries again for a while, as std's locks do before they wait. Nothing
        // is recorded of so short a wait.
        let mut left = SPINS;
        loop {
            match attempt() {
                Ok(guard) => return Ok(wrap(guard, hold(self.begin::<SHARED>(site, false)))),
                Err(TryLockError::Poisoned(poisoned)) => {
                    let hold = hold(self.begin_timed::<SHARED>(site, false));
                    return Err(PoisonError::new(wrap(poisoned.into_inner(), hold)));
                }
                Err(TryLockError::WouldBlock) if left == 0 => break,
                Err(TryLockError::WouldBlock) => left = self.pause(left),
            }
        }
        self.request(SHARED, site);
        let result = block();
        self.waited();
        let hold = hold(self.begin_timed::<SHARED>(site, false));
        poison::map(result, |guard| wrap(guard, hold))
    }

    /// Looks up to `left` times whether an exclusive hold has ended, which can
    /// be seen without a write to the lock's cache line. Returns how often it
    /// may be looked again.
    #[cold]
    #[inline(never)]
    fn pause(&self, left: u32) -> u32 {
        // Relaxed: a hint, the next attempt decides.
        let seen = self.ended.load(Ordering::Relaxed);
        for left in (0..left).rev() {
            std::hint::spin_loop();
            if self.ended.load(Ordering::Relaxed) != seen {
                return left;
            }
        }
        0
    }

    /// Asks for a stamp on the next release, and records that the thread is
    /// about to wait.
    #[cold]
    #[inline(never)]
    fn request(&self, shared: bool, site: &'static Location<'static>) {
        // Relaxed, both: a hint for whoever releases.
        self.waiting.fetch_add(WAITER, Ordering::Relaxed);
        self.waiting.fetch_or(STAMP, Ordering::Relaxed);
        if shared {
            let request = Event::new(Kind::Req, self.id(), site);
            emit::sync(request.extra(SHARED).timed(true));
        } else if emit::recording() {
            emit::timed(Kind::Req, MemoryOrder::Relaxed, self.id(), NO_NUMBER, site);
        }
    }

    /// The wait is over. If others wait, the release that is to come most
    /// likely ends the wait of one.
    #[cold]
    fn waited(&self) {
        // Relaxed, both: as in `request`.
        if self.waiting.fetch_sub(WAITER, Ordering::Relaxed) >= 2 * WAITER {
            self.waiting.fetch_or(STAMP, Ordering::Relaxed);
        }
    }

    /// Tries to take the lock; `wrap` as for [`take`](Head::take).
    #[inline(always)]
    pub(super) fn try_take<'a, G, W, const SHARED: bool>(
        &'a self,
        site: &'static Location<'static>,
        result: TryLockResult<G>,
        wrap: impl FnOnce(G, Hold<'a, SHARED>) -> W,
    ) -> TryLockResult<W> {
        let hold = || Hold {
            head: self,
            site: match emit::recording() {
                true => self.begin::<SHARED>(site, true),
                false => 0,
            },
        };
        match result {
            Ok(guard) => Ok(wrap(guard, hold())),
            Err(TryLockError::WouldBlock) => Err(TryLockError::WouldBlock),
            Err(TryLockError::Poisoned(poisoned)) => {
                let guard = wrap(poisoned.into_inner(), hold());
                Err(TryLockError::Poisoned(PoisonError::new(guard)))
            }
        }
    }

    /// Records that a hold has begun; the caller has the lock. Returns the
    /// hold's site. Whether the session is on is asked again, behind the lock:
    /// another thread that saw its end may have had the lock in between, and its
    /// hold is not recorded.
    #[inline(always)]
    fn begin<const SHARED: bool>(&self, site: &'static Location<'static>, tried: bool) -> u64 {
        // Relaxed: ordered by the lock, which the caller holds.
        let ended = self.ended.load(Ordering::Relaxed);
        let kind = compact_kind(acquires(SHARED), MemoryOrder::Relaxed, tried);
        if ended & OBJECT_MASK != 0
            && emit::is_on()
            && let Some(site) = emit::brief(kind, ended, site.into(), follows(SHARED))
        {
            return site;
        }
        self.begin_timed::<SHARED>(site, tried)
    }

    /// As [`begin`](Head::begin), with the time.
    #[cold]
    #[inline(never)]
    fn begin_timed<const SHARED: bool>(
        &self,
        site: &'static Location<'static>,
        tried: bool,
    ) -> u64 {
        // Relaxed: ordered by the lock, which the caller holds.
        let ended = self.ended.load(Ordering::Relaxed);
        let kind = compact_kind(acquires(SHARED), MemoryOrder::Relaxed, tried);
        // As in `begin`.
        if ended & OBJECT_MASK != 0
            && emit::is_on()
            && let Some(site) = emit::stamped(kind, ended, site.into())
        {
            return site;
        }
        let event = Event::new(acquires(SHARED), self.id(), site).number(self.number());
        self.begun(emit::sync_at(event.tried(tried).timed(true)))
    }

    /// The site of a hold whose begin was recorded at `site`, or was not.
    fn begun(&self, site: Option<SiteId>) -> u64 {
        match site {
            Some(site) if self.is_compact() => compact_site(site),
            Some(site) => compact_site(site) & !compact_site(SiteId::UNKNOWN) | 1,
            None => {
                // Its end will not be recorded either.
                emit::lose_sync();
                0
            }
        }
    }

    /// Sees to it that the word of the count bears the id, if it can.
    fn is_compact(&self) -> bool {
        let object = u64::from(self.id()) + 1;
        // Relaxed: ordered by the lock; the bits are the same whoever sets them.
        let ended = self.ended.load(Ordering::Relaxed);
        if object > OBJECT_MASK || ended.cast_signed() < 0 {
            return false;
        }
        self.ended.fetch_or(object, Ordering::Relaxed);
        true
    }

    /// Records the end of a hold, with the time; the lock is still held.
    #[cold]
    #[inline(never)]
    fn end_timed(&self, kind: Kind, site: u64) {
        // Relaxed: ordered by the lock, which the hold still has.
        let ended = self.ended.load(Ordering::Relaxed);
        // Relaxed: a hint, as said at the field.
        self.waiting.fetch_and(!STAMP, Ordering::Relaxed);
        let bits = compact_kind(kind, MemoryOrder::Relaxed, false);
        if !is_compact(site) || !emit::stamped_release(bits, ended, site) {
            let mut event = SyncEvent::new(kind);
            event.object = self.id();
            event.site = site_of_compact(site);
            event.number = self.number();
            emit::sync_known(event, true);
        }
        if kind != Kind::ReadRel {
            self.advance(ended);
        }
    }
}

/// The count grows too large for compact events, from 2^43 on; the last ones of
/// 2^44 end the recording, as numbers that begin anew would be wrong.
#[cold]
fn far(ended: u64) -> u64 {
    if ended >= !(ONE << 1) {
        state::exhaust();
    }
    ended.min(!(ONE << 1)) & !OBJECT_MASK
}

/// How a hold follows the thread's hold before, if that was of the same lock.
#[inline(always)]
const fn follows(shared: bool) -> fn(u64, u64) -> Option<u64> {
    if shared { words::same } else { words::next }
}

const fn acquires(shared: bool) -> Kind {
    if shared { Kind::ReadAcq } else { Kind::Acq }
}

const fn releases(shared: bool) -> Kind {
    if shared { Kind::ReadRel } else { Kind::Rel }
}

impl<const SHARED: bool> Hold<'_, SHARED> {
    /// Records its end; the lock is still held.
    #[inline(always)]
    fn end(&self) {
        // Relaxed: ordered by the lock, which this hold still has; and a hint.
        let ended = self.head.ended.load(Ordering::Relaxed);
        let kind = compact_kind(releases(SHARED), MemoryOrder::Relaxed, false);
        if is_compact(self.site)
            && self.head.waiting.load(Ordering::Relaxed) & STAMP == 0
            && emit::brief_release(kind, ended, self.site)
        {
            if !SHARED {
                self.head.advance(ended);
            }
        } else if self.site != 0 {
            self.head.end_timed(releases(SHARED), self.site);
        }
    }
}

impl<'a> Exclusive<'a> {
    /// It ends and becomes a shared one.
    pub(super) fn downgrade(self) -> Shared<'a> {
        let Hold { head, site } = self;
        if site != 0 {
            head.end_timed(Kind::Downgrade, site);
        }
        // Its end is recorded already, as the downgrade.
        std::mem::forget(self);
        Hold { head, site }
    }
}

impl<const SHARED: bool> Drop for Hold<'_, SHARED> {
    #[inline(always)]
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(all(test, loom))]
mod models;
