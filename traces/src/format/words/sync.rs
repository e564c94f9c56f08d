//! Sync events as words: compact and full ones, and switches.

use crate::event::{MemoryOrder, NO_NUMBER, NO_TIME, NONE, SyncEvent};
use crate::id::SiteId;
use crate::kind::Kind;

/// Most words that a sync event takes.
pub const SYNC_WORDS_MAX: usize = 8;
/// In place of a kind: what follows in this sync chunk is another thread's.
pub const SWITCH: u8 = 255;
/// Words that a switch takes in a sync chunk.
pub const SWITCH_WORDS: usize = 3;
/// Index of the number among a full event's words, where it has one.
pub const NUMBER_WORD: usize = 2;

const TRIED: u64 = 1 << 8;
const HAS_NUMBER: u64 = 1 << 9;
const HAS_EXTRA: u64 = 1 << 10;
const HAS_OTHER: u64 = 1 << 11;
/// A sync event whose first word has this bit bears a time.
pub const HAS_TIME: u64 = 1 << 12;
const HAS_STAMP: u64 = 1 << 13;
const ORDER_SHIFT: u32 = 14;
const COMPACT: u64 = 1 << 17;
const HAS_DELTA: u64 = 1 << 18;
const DELTA_SHIFT: u32 = 24;
const DELTA_MASK: u64 = (1 << 24) - 1;
/// Where the mark lies in a sync event's first word.
pub const MARK_SHIFT: u32 = 48;

const SITE_SHIFT: u32 = 18;
/// Sites below this fit into a compact event.
pub const COMPACT_SITES: u32 = 1 << 30;
/// Most words that a compact event takes, but for its time.
pub const COMPACT_WORDS: usize = 2;
/// A compact event without its second word, which is that of the event before.
pub const AS_BEFORE: u64 = 1 << 9;
/// Its number is one more than that.
const ONE_MORE: u64 = 1 << 11;
/// Bits of a compact event's second word that hold the object, plus 1.
pub const OBJECT_BITS: u32 = 20;
/// One more in the number of such a word.
const ONE: u64 = 1 << OBJECT_BITS;
/// Mask of these.
pub const OBJECT_MASK: u64 = (1 << OBJECT_BITS) - 1;
/// Numbers below this fit into a compact event.
pub const COMPACT_NUMBERS: u64 = (1 << (64 - OBJECT_BITS)) - 1;

/// The part of a compact event's first word that its kind and order make.
#[inline(always)]
#[must_use]
pub const fn compact_kind(kind: Kind, order: MemoryOrder, tried: bool) -> u64 {
    kind as u64 | (tried as u64) << 8 | (order as u64) << ORDER_SHIFT
}

/// Added to it where the event's extra is the same as its number (messages of
/// bounded channels).
pub const EXTRA_IS_NUMBER: u64 = HAS_EXTRA;

/// The part that its site makes; `site` is below [`COMPACT_SITES`].
#[inline]
#[must_use]
pub const fn compact_site(site: SiteId) -> u64 {
    COMPACT | (site.0 as u64) << SITE_SHIFT
}

/// Whether an event with this first word is compact.
#[inline]
#[must_use]
pub const fn is_compact(first: u64) -> bool {
    first & COMPACT != 0
}

/// The site in a compact event's first word.
#[inline]
#[must_use]
pub const fn site_of_compact(first: u64) -> SiteId {
    SiteId((first >> SITE_SHIFT) as u32 & (COMPACT_SITES - 1))
}

/// The second word of a compact event. `None` if the object or the number are
/// too large for it. [`NO_NUMBER`] is pending.
#[inline]
#[must_use]
pub const fn compact_object(object: u32, number: u64) -> Option<u64> {
    let object = object.wrapping_add(1) as u64;
    if number == NO_NUMBER && object <= OBJECT_MASK {
        return Some(object | COMPACT_NUMBERS << OBJECT_BITS);
    }
    if object > OBJECT_MASK || number >= COMPACT_NUMBERS {
        return None;
    }
    Some(object | number << OBJECT_BITS)
}

/// What is added to the first word of a compact event if its second word is left
/// out: it is the same as that of the event before, or its number one more.
/// `None` if it is neither. (Behind [`NO_NUMBER`] there is no next one: it is not
/// asked of an object's number 0.)
#[inline(always)]
#[must_use]
pub const fn same_or_next(second: u64, before: u64) -> Option<u64> {
    let ahead = second.wrapping_sub(before);
    if ahead & !ONE != 0 {
        return None;
    }
    Some(AS_BEFORE | ahead >> (OBJECT_BITS - ONE_MORE.trailing_zeros()))
}

/// As [`same_or_next`], if it is the same.
#[inline(always)]
#[must_use]
pub const fn same(second: u64, before: u64) -> Option<u64> {
    if second == before {
        Some(AS_BEFORE)
    } else {
        None
    }
}

/// As [`same_or_next`], if its number is one more.
#[inline(always)]
#[must_use]
pub const fn next(second: u64, before: u64) -> Option<u64> {
    if second.wrapping_sub(before) == ONE {
        Some(AS_BEFORE | ONE_MORE)
    } else {
        None
    }
}

/// The second word of the compact event that begins with `words`; `before` is
/// that of the event before.
fn second_of_compact(words: &[u64], before: Option<u64>) -> Option<u64> {
    match words.first()? & (AS_BEFORE | ONE_MORE) {
        0 => words.get(1).copied(),
        AS_BEFORE => before,
        ONE_MORE => None,
        _ => before?
            .checked_add(ONE)
            .filter(|second| second >> OBJECT_BITS < COMPACT_NUMBERS),
    }
}

/// Encodes a full sync event; `delta` is the number of access words since the
/// thread's last one, `mark` where the access stream is. The number word is
/// written even for [`NO_NUMBER`] if `pending`, so that it can be completed in
/// place. Returns how many words of `out` are used; `out[0]` is to be stored
/// last.
#[must_use]
pub fn encode_sync(
    event: &SyncEvent,
    delta: u64,
    mark: u16,
    pending: bool,
    out: &mut [u64; SYNC_WORDS_MAX],
) -> usize {
    let far = delta > DELTA_MASK;
    let mut first = compact_kind(event.kind, event.order, event.tried)
        | if far { 0 } else { delta << DELTA_SHIFT }
        | u64::from(mark) << MARK_SHIFT;
    out[1] = u64::from(event.object.wrapping_add(1)) | u64::from(event.site.0) << 32;
    let mut words = 2;
    let mut put = |bit: u64, present: bool, value: u64| {
        if present {
            first |= bit;
            out[words] = value;
            words += 1;
        }
    };
    put(
        HAS_NUMBER,
        pending || event.number != NO_NUMBER,
        event.number,
    );
    put(HAS_EXTRA, event.extra != NO_NUMBER, event.extra);
    put(HAS_OTHER, event.other != NONE, u64::from(event.other));
    put(HAS_TIME, event.time != NO_TIME, event.time);
    put(HAS_STAMP, event.stamp != 0, event.stamp);
    put(HAS_DELTA, far, delta);
    out[0] = first;
    words
}

/// The first word of a pending event that turned out to be of another kind and
/// order (a compare-exchange that failed is a load).
#[must_use]
pub fn with_kind(first: u64, kind: Kind, order: MemoryOrder) -> u64 {
    first & !(0xff | 7 << ORDER_SHIFT) | kind as u64 | (order as u64) << ORDER_SHIFT
}

/// What a sync event's first words say, and how many words it takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DecodedSync {
    /// The event. Times are as stored (ticks or nanoseconds), objects and
    /// threads as numbered by the recorder; `accesses` is 0.
    pub event: SyncEvent,
    /// Access words since the thread's last sync event; `None`: as the marks
    /// say (see [`DecodedSync::delta_after`]).
    pub delta: Option<u64>,
    /// Where the access stream was, modulo 2^16.
    pub mark: u16,
    /// Words that it takes.
    pub words: usize,
    /// The second word of a compact event, for the one behind it.
    pub second: Option<u64>,
}

impl DecodedSync {
    /// Access words since the thread's last sync event, whose mark was `mark`.
    #[inline]
    #[must_use]
    pub fn delta_after(&self, mark: u16) -> u64 {
        self.delta
            .unwrap_or_else(|| u64::from(self.mark.wrapping_sub(mark)))
    }
}

/// How many words the sync event or switch takes that begins with `first`.
#[inline]
#[must_use]
pub fn sync_words(first: u64) -> usize {
    if first as u8 == SWITCH {
        return SWITCH_WORDS;
    }
    if first & COMPACT != 0 {
        return COMPACT_WORDS - usize::from(first & AS_BEFORE != 0)
            + usize::from(first & HAS_TIME != 0);
    }
    const OPTIONAL: u64 = HAS_NUMBER | HAS_EXTRA | HAS_OTHER | HAS_TIME | HAS_STAMP | HAS_DELTA;
    2 + (first & OPTIONAL).count_ones() as usize
}

/// Which words follow the first two of a full event that begins with `first`:
/// number, extra, other, time, stamp, delta, as bits from 0 on, in the order in
/// which they follow.
#[must_use]
pub const fn full_fields(first: u64) -> u8 {
    let upto_stamp = first >> HAS_NUMBER.trailing_zeros() & 0x1f;
    let delta = first >> HAS_DELTA.trailing_zeros() & 1;
    (upto_stamp | delta << 5) as u8
}

/// The words of a switch to `thread`, at `position` of its sync stream.
#[must_use]
pub fn switch(thread: u32, position: u64) -> [u64; SWITCH_WORDS] {
    [u64::from(SWITCH), u64::from(thread), position]
}

/// Decodes the sync event at the beginning of `words`; `before` is the
/// [second word](DecodedSync::second) of the event before it, if that stands in
/// the same chunk with nothing between. `None` if the words are no event of
/// this version, or fewer than it takes.
#[must_use]
pub fn decode_sync(words: &[u64], before: Option<u64>) -> Option<DecodedSync> {
    let first = *words.first()?;
    let mut event = SyncEvent::new(Kind::from_number((first & 0xff) as u8)?);
    event.tried = first & TRIED != 0;
    event.order = *MemoryOrder::ALL.get((first >> ORDER_SHIFT & 7) as usize)?;
    if first & COMPACT != 0 {
        return decode_compact(event, words, before);
    }
    decode_full(event, words)
}

fn decode_compact(mut event: SyncEvent, words: &[u64], before: Option<u64>) -> Option<DecodedSync> {
    let first = *words.first()?;
    let second = second_of_compact(words, before)?;
    let used = sync_words(first);
    event.object = ((second & OBJECT_MASK) as u32).wrapping_sub(1);
    event.site = site_of_compact(first);
    event.number = match second >> OBJECT_BITS {
        COMPACT_NUMBERS => NO_NUMBER,
        number => number,
    };
    if first & EXTRA_IS_NUMBER != 0 {
        event.extra = event.number;
    }
    if first & HAS_TIME != 0 {
        event.time = *words.get(used - 1)?;
    }
    Some(DecodedSync {
        event,
        delta: None,
        mark: (first >> MARK_SHIFT) as u16,
        words: used,
        second: Some(second),
    })
}

fn decode_full(mut event: SyncEvent, words: &[u64]) -> Option<DecodedSync> {
    let (first, second) = (*words.first()?, *words.get(1)?);
    event.object = (second as u32).wrapping_sub(1);
    event.site = SiteId((second >> 32) as u32);
    let mut used = 2;
    let mut take = |bit: u64| -> Option<Option<u64>> {
        if first & bit == 0 {
            return Some(None);
        }
        let word = *words.get(used)?;
        used += 1;
        Some(Some(word))
    };
    event.number = take(HAS_NUMBER)?.unwrap_or(NO_NUMBER);
    event.extra = take(HAS_EXTRA)?.unwrap_or(NO_NUMBER);
    event.other = take(HAS_OTHER)?.map_or(NONE, |word| word as u32);
    event.time = take(HAS_TIME)?.unwrap_or(NO_TIME);
    event.stamp = take(HAS_STAMP)?.unwrap_or(0);
    let delta = take(HAS_DELTA)?.unwrap_or(first >> DELTA_SHIFT & DELTA_MASK);
    Some(DecodedSync {
        event,
        delta: Some(delta),
        mark: (first >> MARK_SHIFT) as u16,
        words: used,
        second: None,
    })
}
