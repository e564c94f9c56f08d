//! The full path: every event that is not the usual case.

use hbtrace_traces::event::{NO_NUMBER, NO_TIME, NONE, SyncEvent};
use hbtrace_traces::format::layout::{CHUNK_MAX, PAGE, StreamKind};
use hbtrace_traces::format::words::{
    AS_BEFORE, COMPACT_WORDS, Escape, MARK_SHIFT, NEAR_SITES, SYNC_WORDS_MAX, encode_access,
    encode_sync, escape, is_compact, site_of_compact, switch, sync_words,
};
use hbtrace_traces::id::SiteId;
use hbtrace_traces::kind::Kind;

use super::cursor::{Cursor, with_cursor};
use super::edge::load;
use super::life::{lose_access, lose_sync};
use super::stream::{NumberSlot, Stream};
use crate::chunk::Head;
use crate::event::Event;
use crate::primitive::{Mutex, lock};
use crate::session;
use crate::shared::Shared;
use crate::site::{Place, Use};
use crate::space;
use crate::state;
use crate::ticks;

/// Room at the end of a sync chunk that is kept for releases, in words.
pub(super) const RELEASE_WORDS: usize = 64;
/// Most words that an access takes.
const ACCESS_WORDS: usize = 3;
/// A chunk with more accesses of far sites than this moves the base of the next.
const FAR_MAX: u32 = 1024;

impl Cursor {
    fn access_full(&self, write: bool, address: u64, len: u64, place: Place) {
        if state::now() == state::UNDECIDED {
            session::decide();
        }
        if state::now() != state::ON {
            lose_access();
            return self.shut();
        }
        if !self.enter() {
            return lose_access();
        }
        match self.start().filter(|shared| self.has_room(shared)) {
            Some(shared) => self.push_access(write, address, len, place, shared),
            None => lose_access(),
        }
        self.leave();
    }

    /// Whether there is room for any access, at last.
    fn has_room(&self, shared: &Shared) -> bool {
        self.accesses.room(&self.access) >= ACCESS_WORDS || self.more_accesses(shared)
    }

    fn push_access(&self, write: bool, address: u64, len: u64, place: Place, shared: &Shared) {
        let site = self.site_of(place, shared);
        let base = self.base.get();
        if let Some(of) = Use::access(place, write, len) {
            self.uses().set_access(of, write, len, site, base);
        }
        if site.0.wrapping_sub(base.0) >= NEAR_SITES {
            self.far.set((self.far.get().0 + 1, site));
        }
        let mut words = [0; ACCESS_WORDS];
        let count = encode_access(write, address, len, site, base, &mut words);
        // Every word is read alone, so they are stored in order.
        for word in &words[..count] {
            self.accesses.push(&self.access, std::slice::from_ref(word));
        }
    }

    fn sync_full(&self, event: &mut Event, pending: bool) -> Option<(NumberSlot, SiteId)> {
        let (place, timed) = (event.site, event.timed);
        let site = |shared: &Shared| self.site_of(place, shared);
        self.sync_under(&mut event.sync, timed, pending, site, |_| ())
    }

    /// Keeps what `prepare` returns until the event is written.
    fn sync_under<G>(
        &self,
        event: &mut SyncEvent,
        timed: bool,
        pending: bool,
        site: impl FnOnce(&Shared) -> SiteId,
        prepare: impl FnOnce(&mut SyncEvent) -> G,
    ) -> Option<(NumberSlot, SiteId)> {
        if !self.enter() {
            lose_sync();
            return None;
        }
        let slot = self.start().and_then(|shared| {
            let _kept = prepare(event);
            event.site = site(shared);
            if timed || shared.time_all || self.sync.next() >= self.stamp_at.get() {
                event.time = ticks::now();
            }
            self.put(shared, event, pending)
        });
        if slot.is_none() {
            lose_sync();
            self.shut();
        }
        self.leave();
        slot.map(|slot| (slot, event.site))
    }

    /// Writes an event. Without room for it the session is exhausted.
    pub(super) fn put(
        &self,
        shared: &Shared,
        event: &SyncEvent,
        pending: bool,
    ) -> Option<NumberSlot> {
        let position = self.accesses.position(&self.access);
        let delta = position - self.last_mark(position);
        let mark = (self.mark_bits() >> MARK_SHIFT) as u16;
        let mut words = [0; SYNC_WORDS_MAX];
        let count = encode_sync(event, delta, mark, pending, &mut words);
        if !self.has_sync_room(count, event.kind) && !self.more_sync(shared, event.kind) {
            state::exhaust();
            return None;
        }
        let first = self.syncs.push(&self.sync, &words[..count]);
        self.mark.set((position, self.sync.next()));
        self.before.set(0);
        self.waiting.set(match event.kind {
            Kind::Req | Kind::Wait => event.object.wrapping_add(1),
            _ => 0,
        });
        self.aim(shared, event.time);
        Some(NumberSlot::full(first, words[0]))
    }

    /// Sets the end that the fast path sees.
    fn aim(&self, shared: &Shared, time: u64) {
        let (next, end) = (self.sync.next(), self.syncs.end());
        if time != NO_TIME {
            self.stamped_at(time, next);
        }
        let last = end.wrapping_sub(COMPACT_WORDS - 1);
        let kept = last.wrapping_sub(RELEASE_WORDS);
        self.set_ends(last, kept, shared.time_all);
    }

    fn has_sync_room(&self, words: usize, kind: Kind) -> bool {
        let kept = match kind {
            Kind::Rel | Kind::ReadRel | Kind::Wait => 0,
            _ => RELEASE_WORDS,
        };
        self.syncs.room(&self.sync) >= words + kept
    }

    /// Where the access stream was at the last sync event; it is at `position`
    /// now. A compact event says it modulo 2^16.
    fn last_mark(&self, position: u64) -> u64 {
        let (mark, after) = self.mark.get();
        let next = self.sync.next();
        if next == after {
            return mark;
        }
        let last = last_compact(after, next, self.before.get()) >> MARK_SHIFT;
        let now = self.mark_bits() >> MARK_SHIFT;
        position - (now.wrapping_sub(last) & 0xffff)
    }

    /// Writes down where the access stream was at the last sync event, so that
    /// it is known without that event; the next one is written in full.
    pub(super) fn settle(&self) {
        let position = self.accesses.position(&self.access);
        self.mark.set((self.last_mark(position), self.sync.next()));
        self.clear_ends();
    }

    #[cold]
    fn more_accesses(&self, shared: &Shared) -> bool {
        // The next sync event's accesses lie in two chunks.
        self.settle();
        let drawn = self.more(shared, StreamKind::Access, space::Use::Accesses);
        self.access.set_end(self.accesses.end());
        drawn
    }

    /// Moves what sites count from to where the last chunk's accesses were, if
    /// many of them had to say their sites in a word of its own.
    fn rebase(&self) {
        if let (FAR_MAX.., site) = self.far.replace((0, SiteId::UNKNOWN)) {
            self.base.set(SiteId(site.0.saturating_sub(NEAR_SITES / 2)));
            self.uses().forget();
        }
    }

    #[cold]
    fn more_sync(&self, shared: &Shared, kind: Kind) -> bool {
        let purpose = match kind {
            Kind::Rel | Kind::ReadRel | Kind::Wait => space::Use::Release,
            _ => space::Use::Order,
        };
        self.settle();
        self.poll.forget();
        let drawn = self.more(shared, StreamKind::Sync, purpose);
        if drawn {
            self.mark.set((self.mark.get().0, self.sync.next()));
            self.stamp_at.set(self.sync.next());
        }
        drawn
    }

    fn more(&self, shared: &Shared, kind: StreamKind, purpose: space::Use) -> bool {
        let (edge, stream) = match kind {
            StreamKind::Access => (&self.access, &self.accesses),
            _ => (&self.sync, &self.syncs),
        };
        #[cfg(feature = "raw")]
        self.repeats.forget();
        if stream.is_new() && self.take_over(shared, kind) {
            return true;
        }
        self.announce_again(shared);
        let size = stream.next_size();
        // Before the chunk is drawn: chunks drawn later bear later events.
        let ticks = ticks::now();
        let least = (size / 8).max(PAGE);
        let Some(chunk) = shared.draw(size, least, purpose) else {
            return false;
        };
        if kind == StreamKind::Access {
            self.rebase();
        }
        stream.close(edge, shared);
        stream.open(edge, chunk, &self.head(stream, kind, ticks));
        true
    }

    /// Goes on in a chunk that another thread has left.
    fn take_over(&self, shared: &Shared, kind: StreamKind) -> bool {
        let Some(left) = shared.take_over(kind) else {
            return false;
        };
        let thread = self.thread.get().unwrap_or(NONE);
        match kind {
            StreamKind::Access => {
                let words = [
                    escape(Escape::Thread, thread.into()),
                    escape(Escape::Position, 0),
                ];
                let parts = [&words[..1], &words[1..]];
                self.accesses.take_over(&self.access, left, &parts);
            }
            _ => {
                let words = switch(thread, 0);
                self.syncs.take_over(&self.sync, left, &[&words]);
            }
        }
        true
    }

    fn head(&self, stream: &Stream, kind: StreamKind, ticks: u64) -> Head {
        let (position, sequence) = stream.place();
        Head {
            stream: kind,
            thread: self.thread.get().unwrap_or(NONE),
            sequence,
            position,
            // What sites count from, or what the thread waits for.
            site: match kind {
                StreamKind::Access => self.base.get().0,
                _ => self.waiting.get(),
            },
            accesses: self.mark.get().0,
            ticks,
        }
    }

    /// The number of a place. One that this thread has not met takes a lock.
    fn site_of(&self, place: Place, shared: &Shared) -> SiteId {
        let of = Use::sync(place);
        if let Some(bits) = self.uses().get(of) {
            return site_of_compact(bits);
        }
        let site = self.met.get(place).unwrap_or_else(|| {
            let site = SiteId(shared.site(place));
            self.met.set(place, site);
            site
        });
        self.uses().set_sync(of, site);
        site
    }
}

/// The first word of the event that ends at `next`, which is compact and has no
/// time; an event ends at `after`, somewhere before. `second` is its second word,
/// or 0 if it was to be changed later.
///
/// If its last word is not that, it has only one. If it is, it has two, unless
/// its first word happens to look like that.
fn last_compact(after: *mut u64, next: *mut u64, second: u64) -> u64 {
    let last = load(next.wrapping_sub(1));
    if second != 0 && last != second {
        return last;
    }
    if second & AS_BEFORE == 0 || !is_compact(second) {
        return load(next.wrapping_sub(COMPACT_WORDS));
    }
    let (mut at, mut first) = (after, last);
    while at < next {
        first = load(at);
        at = at.wrapping_add(sync_words(first));
    }
    first
}

/// Records an access that is not the usual case.
#[cold]
#[inline(never)]
pub(crate) fn access_full(write: bool, address: u64, len: u64, place: Place) {
    with_cursor(|cursor| {
        if !cursor.access_met(write, address, len, place) {
            cursor.access_full(write, address, len, place);
        }
    });
}

/// Records a sync event of this thread. With `pending`, its number is missing
/// and goes to the returned slot. Returns the event's site as well.
#[inline(never)]
pub(crate) fn sync(event: &mut Event, pending: bool) -> Option<(NumberSlot, SiteId)> {
    with_cursor(|cursor| cursor.sync_full(event, pending))
}

/// Records a sync event whose site is known.
#[inline(never)]
pub(crate) fn sync_known(event: &mut SyncEvent, timed: bool) {
    let site = event.site;
    let _ = with_cursor(|cursor| cursor.sync_under(event, timed, false, |_| site, |_| ()));
}

/// Records a sync event whose number is what `counter` comes to with `step`
/// more. Count and record are one step under the lock, which is only taken
/// where no signal handler records: none waits for the thread it interrupts.
pub(crate) fn sync_counted(event: &mut Event, counter: &Mutex<u64>, step: u64) {
    let _ = with_cursor(|cursor| {
        let (place, timed) = (event.site, event.timed);
        let site = |shared: &Shared| cursor.site_of(place, shared);
        cursor.sync_under(&mut event.sync, timed, false, site, |event| {
            let mut count = lock(counter);
            *count += step;
            event.number = *count;
            count
        })
    });
}

const _: () = assert!(NO_NUMBER == u64::MAX, "a pending number is all ones");
const _: () = assert!(
    CHUNK_MAX / 8 <= 1 << (64 - MARK_SHIFT),
    "marks tell all places"
);

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// Word of an event of one word, with its mark.
    fn one(mark: u64) -> u64 {
        let kind = Kind::Rel as u64;
        kind | AS_BEFORE | hbtrace_traces::format::words::compact_site(SiteId(5)) | mark << 48
    }

    #[test]
    fn the_last_event_is_found_whatever_its_words_look_like() {
        let two = one(1) & !AS_BEFORE;
        let last = |words: &mut [u64], second| {
            let ends = words.as_mut_ptr_range();
            last_compact(ends.start, ends.end, second)
        };
        assert_eq!(last(&mut [two, 9, one(2)], 9), one(2));
        assert_eq!(last(&mut [two, 9, two, 8], 8), two);
        // What is pending was completed since.
        assert_eq!(last(&mut [one(3), two, 8], 0), two);
        // The second word looks like an event, and an event like it.
        assert_eq!(last(&mut [two, one(2)], one(2)), two);
        assert_eq!(last(&mut [two, one(2), one(2)], one(2)), one(2));
    }
}
