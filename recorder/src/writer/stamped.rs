//! Compact events with a time: what the fast path leaves to be stamped, and
//! what waited or ended a wait.
//!
//! Between the fast path and the full one: a call and a look at the clock, but
//! nothing else that the fast path does not do as well. It declines wherever
//! only the full path will do.

use std::cell::Cell;
use std::ptr::null_mut;

use hbtrace_traces::format::words::{
    COMPACT_NUMBERS, COMPACT_WORDS, HAS_TIME, OBJECT_BITS, OBJECT_MASK, same_or_next,
};
use hbtrace_traces::kind::Kind;

use super::cursor::{Cursor, with_cursor};
use super::edge::store;
use super::stream::BriefSlot;
use crate::site::{Place, Use};
use crate::ticks;

/// Without waits, a thread's events are stamped about this often, in ticks (10
/// and 40 us at 3 GHz): how many events lie between follows their rate.
const OFTEN: u64 = 1 << 15;
const RARELY: u64 = 1 << 17;
/// Least and most words of sync events between two stamps.
const STEP_MIN: usize = 16;
const STEP_MAX: usize = 1024;

/// Most words of such an event.
pub(super) const STAMPED_WORDS: usize = COMPACT_WORDS + 1;

impl Cursor {
    /// Writes an event before `end`, or declines.
    fn stamped(
        &self,
        kind: u64,
        second: u64,
        site: u64,
        end: &Cell<*mut u64>,
    ) -> Option<BriefSlot> {
        let next = self.sync.room_before(end.get())?;
        if !self.claim(next, end) {
            return None;
        }
        let now = ticks::now();
        let after = self.push_stamped(next, site | kind | HAS_TIME, second, now);
        self.mark.set((self.accesses.position(&self.access), after));
        self.waiting.set(match kind as u8 == Kind::Req as u8 {
            true => (second & OBJECT_MASK) as u32,
            false => 0,
        });
        self.stamped_at(now, after);
        if !self.release_end.get().is_null() {
            self.sync
                .set_end(self.stamped_end.get().min(self.stamp_at.get()));
        }
        self.sync.commit(after);
        Some(BriefSlot(next))
    }

    /// Stores its words, of which the second is left out where the event before
    /// tells it (nothing is told of a number, or by one, that comes later or
    /// never). Returns where they end.
    fn push_stamped(&self, next: *mut u64, head: u64, second: u64, now: u64) -> *mut u64 {
        let known = match second >> OBJECT_BITS {
            COMPACT_NUMBERS => 0,
            _ => second,
        };
        let before = self.before.replace(known);
        let bits = same_or_next(second, before).filter(|_| known != 0);
        let words = STAMPED_WORDS - usize::from(bits.is_some());
        store(next.wrapping_add(words - 1), now);
        if bits.is_none() {
            store(next.wrapping_add(1), second);
        }
        store(next, head | bits.unwrap_or(0) | self.mark_bits());
        next.wrapping_add(words)
    }
}

/// Records a compact event at `place` with its time. Returns its first word's
/// site; `None`: the full path has to.
#[inline(never)]
pub(crate) fn stamped(kind: u64, second: u64, place: Place) -> Option<u64> {
    with_cursor(|cursor| {
        let site = cursor.uses().get(Use::sync(place))?;
        let end = &cursor.stamped_end;
        cursor.stamped(kind, second, site, end).map(|_| site)
    })
}

/// Records a release with its time, whose site the acquire told; `false`: the
/// full path has to.
#[inline(never)]
pub(crate) fn stamped_release(kind: u64, second: u64, site: u64) -> bool {
    with_cursor(|cursor| {
        let end = &cursor.stamped_release_end;
        cursor.stamped(kind, second, site, end).is_some()
    })
}

/// As [`stamped`], for an event whose number comes later and is small enough.
#[inline(never)]
pub(crate) fn stamped_pending(kind: u64, second: u64, place: Place) -> Option<BriefSlot> {
    with_cursor(|cursor| {
        let site = cursor.uses().get(Use::sync(place))?;
        cursor.stamped(kind, second, site, &cursor.stamped_end)
    })
}

impl Cursor {
    /// An event that ends at `after` was stamped: says where the next one that
    /// waits for nothing is.
    pub(super) fn stamped_at(&self, now: u64, after: *mut u64) {
        let (last, step) = self.stamp.get();
        let step = match now.wrapping_sub(last) {
            ..OFTEN => STEP_MAX.min(2 * step),
            RARELY.. => STEP_MIN.max(step / 2),
            _ => step,
        };
        self.stamp.set((now, step));
        self.stamp_at.set(after.wrapping_add(step));
    }

    /// Sets the ends up to which each kind of event is written without the full
    /// path; `last` is where the last compact event of the chunk begins.
    pub(super) fn set_ends(&self, last: *mut u64, kept: *mut u64, all_stamped: bool) {
        let stamped = |end: *mut u64| end.wrapping_sub(STAMPED_WORDS - COMPACT_WORDS);
        self.stamped_release_end.set(stamped(last));
        self.stamped_end.set(stamped(kept));
        if !all_stamped {
            self.release_end.set(last);
            self.sync.set_end(kept.min(self.stamp_at.get()));
        }
    }

    /// The next sync event is written in full.
    pub(super) fn clear_ends(&self) {
        self.sync.set_end(null_mut());
        self.release_end.set(null_mut());
        self.stamped_end.set(null_mut());
        self.stamped_release_end.set(null_mut());
    }
}
