//! The thread's cursor, and the fast path through it.
//!
//! The cursor is one `const` thread-local without a destructor, so it works
//! from a thread's first instruction to its last.
//!
//! The instructions of each function here are counted by a benchmark: a change
//! that costs one is seen.
#![allow(unsafe_code)] // The pointer to the thread-local.

use std::cell::Cell;

use hbtrace_traces::format::words::{self, AS_BEFORE, COMPACT_WORDS, MARK_SHIFT};
use hbtrace_traces::id::SiteId;

use super::edge::{Edge, store};
use super::poll::Poll;
#[cfg(feature = "raw")]
use super::repeats::Repeats;
use super::stream::{BriefSlot, Stream};
use crate::met::Met;
use crate::site::{Place, Remembered, Use};

thread_local! {
    static CURSOR: Cursor = const { Cursor::new() };
}

/// Runs `then` with this thread's cursor. Only a pointer goes through the
/// thread-local's own `with`, within which the hot path would not be inlined.
#[inline(always)]
pub(super) fn with_cursor<R>(then: impl FnOnce(&Cursor) -> R) -> R {
    let cursor: *const Cursor = CURSOR.with(std::ptr::from_ref);
    // SAFETY: a thread-local without a destructor is there as long as its
    // thread, and the reference ends with this call, which is on that thread.
    then(unsafe { &*cursor })
}

/// The thread's state; what the fast path looks at comes first.
#[repr(C)]
pub(crate) struct Cursor {
    pub(super) access: Edge,
    /// Ends before the room for releases, or where a time stamp is due.
    pub(super) sync: Edge,
    /// Where the room for releases ends. Null where all events are stamped.
    pub(super) release_end: Cell<*mut u64>,
    /// The second word of the sync event before, where the next one may refer to
    /// it; 0, which is no such word, where it may not. Looked at and changed
    /// only by who has marked that a sync event is under way.
    pub(super) before: Cell<u64>,
    uses: Remembered,
    pub(super) accesses: Stream,
    pub(super) syncs: Stream,
    /// What the sites of the access chunk count from.
    pub(super) base: Cell<SiteId>,
    /// Accesses of this chunk whose site was not near, and the last such site.
    pub(super) far: Cell<(u32, SiteId)>,
    /// Where the access stream was at the last sync event that was written in
    /// full, and where the sync stream was after it.
    pub(super) mark: Cell<(u64, *mut u64)>,
    /// Ends for events with a time.
    pub(super) stamped_end: Cell<*mut u64>,
    pub(super) stamped_release_end: Cell<*mut u64>,
    /// The last stamp, and words from one to the next. The first one is set as
    /// after a long time.
    pub(super) stamp: Cell<(u64, usize)>,
    /// From here on in the sync chunk the next event is stamped.
    pub(super) stamp_at: Cell<*mut u64>,
    pub(super) poll: Poll,
    #[cfg(feature = "raw")]
    pub(super) repeats: Repeats,
    /// Object that the thread waits for, if it was the last event written in
    /// full.
    pub(super) waiting: Cell<u32>,
    pub(super) started: Cell<bool>,
    pub(super) met: Met,
    /// The program's errno, while something is under way in the full path.
    pub(super) errno: Cell<i32>,
    /// The thread's id in the trace, once it has one.
    pub(super) thread: Cell<Option<u32>>,
    /// Its creation was recorded.
    pub(super) adopted: Cell<bool>,
    /// When its name was told, if that does not stay.
    pub(super) told: Cell<Option<u64>>,
    /// A name that it was given and std does not know, up to the first zero.
    #[cfg(feature = "raw")]
    pub(super) name: Cell<[u8; NAME]>,
}

/// What the system keeps of a thread's name.
#[cfg(feature = "raw")]
pub(super) const NAME: usize = 16;

impl Cursor {
    const fn new() -> Cursor {
        Cursor {
            access: Edge::new(),
            sync: Edge::new(),
            release_end: Cell::new(std::ptr::null_mut()),
            before: Cell::new(0),
            uses: Remembered::new(),
            accesses: Stream::new(),
            syncs: Stream::new(),
            base: Cell::new(SiteId::UNKNOWN),
            far: Cell::new((0, SiteId::UNKNOWN)),
            mark: Cell::new((0, std::ptr::null_mut())),
            stamped_end: Cell::new(std::ptr::null_mut()),
            stamped_release_end: Cell::new(std::ptr::null_mut()),
            stamp: Cell::new((0, 0)),
            stamp_at: Cell::new(std::ptr::null_mut()),
            poll: Poll::new(),
            #[cfg(feature = "raw")]
            repeats: Repeats::new(),
            waiting: Cell::new(0),
            started: Cell::new(false),
            met: Met::new(),
            errno: Cell::new(0),
            thread: Cell::new(None),
            adopted: Cell::new(false),
            told: Cell::new(None),
            #[cfg(feature = "raw")]
            name: Cell::new([0; NAME]),
        }
    }

    pub(super) fn uses(&self) -> &Remembered {
        &self.uses
    }

    /// Writes an access's word, or declines.
    #[inline(always)]
    fn access(&self, address: u64, of: Use) -> bool {
        let Some(next) = self.access.room() else {
            return false;
        };
        let Some(bits) = self.uses.get(of) else {
            return false;
        };
        if !self.access.claim(next) {
            return false;
        }
        store(next, address | bits);
        self.access.commit(next.wrapping_add(1));
        true
    }

    /// As [`access`](Cursor::access), of a place that the thread has met but
    /// does not remember. Nothing is looked up before no handler can change it.
    pub(super) fn access_met(&self, write: bool, address: u64, len: u64, place: Place) -> bool {
        let Some(next) = self.access.room() else {
            return false;
        };
        let Some(of) = Use::access(place, write, len).filter(|_| self.access.claim(next)) else {
            return false;
        };
        let site = self.met.get(place);
        let base = self.base.get();
        let Some(bits) = site.and_then(|site| words::access_bits(write, len, site, base)) else {
            self.access.release();
            return false;
        };
        self.uses.set(of, bits);
        store(next, address | bits);
        self.access.commit(next.wrapping_add(1));
        true
    }

    /// As [`access`](Cursor::access), of an access that is left out where it
    /// repeats one of this segment (see `repeats.rs`).
    #[cfg(feature = "raw")]
    #[inline(always)]
    fn access_once(&self, address: u64, of: Use) -> bool {
        let Some(next) = self.access.room() else {
            return false;
        };
        let Some(bits) = self.uses.get(of) else {
            return false;
        };
        let (word, at) = (address | bits, self.sync.raw());
        if self.repeats.has(word, at) {
            return true;
        }
        if !self.access.claim(next) {
            return false;
        }
        store(next, word);
        self.repeats.set(word, at);
        self.access.commit(next.wrapping_add(1));
        true
    }

    /// Writes a compact event at `next`, before `end`, or declines: `head` is
    /// its first word but for the mark.
    ///
    /// Its second word is left out where the event before tells it, as `tell`
    /// finds: at the end of a hold behind its begin, and where a thread takes
    /// the same lock again.
    #[inline(always)]
    fn compact(
        &self,
        next: *mut u64,
        end: &Cell<*mut u64>,
        head: u64,
        second: u64,
        tell: impl Fn(u64, u64) -> Option<u64>,
    ) -> bool {
        if !self.claim(next, end) {
            return false;
        }
        if let Some(bits) = tell(second, self.before.get()) {
            if bits != AS_BEFORE {
                self.before.set(second);
            }
            store(next, head | bits | self.mark_bits());
            self.sync.commit(next.wrapping_add(1));
            return true;
        }
        self.put_compact(next, head, second, second);
        true
    }

    /// As [`compact`](Cursor::compact), with both words. The next event may
    /// refer to `before`.
    #[inline(always)]
    fn put_compact(&self, next: *mut u64, head: u64, second: u64, before: u64) {
        self.before.set(before);
        store(next.wrapping_add(1), second);
        store(next, head | self.mark_bits());
        self.sync.commit(next.wrapping_add(COMPACT_WORDS));
    }

    /// Marks that a sync event is under way at `next`, which lies before `end`;
    /// or declines.
    ///
    /// The end is looked at again once no signal handler can come between: one
    /// may have drawn a chunk of accesses since `next` was read, after which the
    /// mark tells nothing and the event has to be a full one.
    #[inline(always)]
    pub(super) fn claim(&self, next: *mut u64, end: &Cell<*mut u64>) -> bool {
        if !self.sync.claim(next) {
            return false;
        }
        if next >= end.get() {
            self.sync.release();
            return false;
        }
        true
    }

    /// Where the access stream is, as a sync event's first word says it: the
    /// address in words, of which all but 16 bits are shifted out.
    #[inline(always)]
    pub(super) fn mark_bits(&self) -> u64 {
        (self.access.raw() as u64) << (MARK_SHIFT - 3)
    }
}

/// Whether this thread will never record: one load, one comparison, one branch.
#[inline(always)]
pub(crate) fn is_off() -> bool {
    with_cursor(|cursor| cursor.access.is_never())
}

/// Records an access, unless this thread will never record. `false`: the full
/// path has to.
#[inline(always)]
pub(crate) fn access(write: bool, address: u64, len: u64, place: Place) -> bool {
    with_cursor(|cursor| {
        if cursor.access.is_never() {
            return true;
        }
        match Use::access(place, write, len) {
            Some(of) => cursor.access(address, of),
            None => false,
        }
    })
}

/// This thread's cursor.
#[cfg(feature = "raw")]
pub(crate) fn cursor() -> *const Cursor {
    CURSOR.with(std::ptr::from_ref)
}

/// Records an access. `false`: the full path has to, or this thread will never
/// record, which has no room either.
///
/// # Safety
/// It is this thread's cursor.
#[cfg(feature = "raw")]
#[inline(always)]
pub(crate) unsafe fn access_at(
    cursor: *const Cursor,
    write: bool,
    address: u64,
    len: u64,
    place: Place,
) -> bool {
    // SAFETY: as the caller promises, and as in `with_cursor`.
    let cursor = unsafe { &*cursor };
    Use::access(place, write, len).is_some_and(|of| cursor.access_once(address, of))
}

/// One of several accesses that are told at once.
#[derive(Clone, Copy)]
pub(crate) struct Access {
    pub(crate) write: bool,
    pub(crate) address: u64,
    pub(crate) len: u64,
    pub(crate) place: Place,
}

/// Records accesses that follow each other, with one look at the cursor.
/// `false`: none was recorded, the full path has to.
#[inline(always)]
pub(crate) fn accesses<const N: usize>(told: &[Access; N]) -> bool {
    with_cursor(|cursor| {
        if cursor.access.is_never() {
            return true;
        }
        // Before the bits, which hold for the chunk in which this is.
        let Some(next) = cursor.access.room() else {
            return false;
        };
        let mut words = [0; N];
        for (word, access) in words.iter_mut().zip(told) {
            let of = Use::access(access.place, access.write, access.len);
            match of.and_then(|of| cursor.uses.get(of)) {
                Some(bits) => *word = access.address | bits,
                None => return false,
            }
        }
        // The chunk has room for all of them, or the full path goes on. Where a
        // signal handler has closed it, the room makes no sense and the claim
        // fails.
        let room = cursor.accesses.end().addr().wrapping_sub(next.addr());
        if room < 8 * N || !cursor.access.claim(next) {
            return false;
        }
        for (index, word) in words.iter().enumerate() {
            store(next.wrapping_add(index), *word);
        }
        cursor.access.commit(next.wrapping_add(N));
        true
    })
}

/// Records a compact sync event at `place`: its first word's kind, and its
/// second word, of which `tell` knows whether the event before tells it. Returns
/// the first word's site, which is never zero; `None`: the full path has to.
#[inline(always)]
pub(crate) fn brief(
    kind: u64,
    second: u64,
    place: Place,
    tell: impl Fn(u64, u64) -> Option<u64>,
) -> Option<u64> {
    with_cursor(|cursor| {
        let next = cursor.sync.room()?;
        let site = cursor.uses.get(Use::sync(place))?;
        cursor
            .compact(next, cursor.sync.end(), site | kind, second, tell)
            .then_some(site)
    })
}

/// Whether this thread has recorded this load, and only loads since (see `poll.rs`);
/// `how` is its ordering, of which there are fewer than eight.
#[inline(always)]
pub(crate) fn is_polled(place: Place, how: u8, marks: [u64; 2]) -> bool {
    let place = place.word() + usize::from(how);
    with_cursor(|cursor| cursor.poll.is(&cursor.sync, place, marks))
}

/// As [`brief`], of a load, which is left out from now on where it is repeated.
#[inline(always)]
pub(crate) fn brief_load(
    kind: u64,
    second: u64,
    place: Place,
    how: u8,
    marks: [u64; 2],
) -> Option<()> {
    with_cursor(|cursor| {
        let next = cursor.sync.room()?;
        let site = cursor.uses.get(Use::sync(place))?;
        if !cursor.claim(next, cursor.sync.end()) {
            return None;
        }
        cursor.put_compact(next, site | kind, second, second);
        let after = next.wrapping_add(COMPACT_WORDS);
        let place = place.word() + usize::from(how);
        cursor.poll.set(next, after, place, marks);
        Some(())
    })
}

/// Records a compact release that has room kept for it, and whose site the
/// acquire told.
#[inline(always)]
pub(crate) fn brief_release(kind: u64, second: u64, site: u64) -> bool {
    with_cursor(|cursor| {
        let Some(next) = cursor.sync.room_before(cursor.release_end.get()) else {
            return false;
        };
        let end = &cursor.release_end;
        cursor.compact(next, end, site | kind, second, words::same)
    })
}

/// As [`brief`], for an event whose number comes later and is small enough.
#[inline(always)]
pub(crate) fn brief_pending(kind: u64, second: u64, place: Place) -> Option<BriefSlot> {
    with_cursor(|cursor| {
        let next = cursor.sync.room()?;
        let site = cursor.uses.get(Use::sync(place))?;
        if !cursor.claim(next, cursor.sync.end()) {
            return None;
        }
        cursor.put_compact(next, site | kind, second, 0);
        Some(BriefSlot(next))
    })
}
