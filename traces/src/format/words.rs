//! Events as 8-byte words.
//!
//! An event's first word is never zero and is stored last, so a reader finds
//! the end of what was committed without the writer's help. No event straddles
//! two chunks.
//!
//! # Sync events
//!
//! | word | bits | meaning |
//! | --- | --- | --- |
//! | first | 0..8 | kind |
//! | | 8 | tried |
//! | | 9..14 | which of number, extra, other, time, stamp follow, in this order |
//! | | 14..17 | memory order |
//! | | 24..64 | words of the access stream since the thread's last sync event |
//! | second | 0..32 | object + 1, 0 for none |
//! | | 32..64 | site |
//! | others | | as the first word says; a number of all ones is pending |
//!
//! # Accesses
//!
//! | bits | meaning |
//! | --- | --- |
//! | 0..48 | address (or value of an escape) |
//! | 48..50 | 1 read, 2 write, 3 escape |
//! | 50..54 | length: 2 to the power of it for 0..=4, 15 as the escape before it said; or which escape |
//! | 54..64 | site, as a signed difference to that of the thread's last access |
//!
//! **What a site refers to.** Each segment can be decoded by itself: the
//! thread's first access after a sync event refers to *that event's site* (a
//! recorder sets its last site to it once the event is written). A chunk's
//! first access refers to the chunk's `SITE`, unless a sync event lies between
//! the access before it and itself. After [`Escape::Stamp`] and
//! [`Escape::Thread`] it is site 0.
//!
//! # Switches
//!
//! A writer may go from one thread to another within a chunk (tasks) if the
//! chunk's header says so (`SWITCHES`). In a sync chunk that is a record of
//! three words: [`SWITCH`] in the bits of the kind, the thread, and the
//! position of what follows in that thread's sync stream, in words. In an
//! access chunk it is an [`Escape::Thread`] and an [`Escape::Position`]. Words
//! of switches count in no stream.

use crate::event::{AccessKind, MemoryOrder, NO_NUMBER, NO_TIME, NONE, SyncEvent};
use crate::id::SiteId;
use crate::kind::Kind;

/// Most words that a sync event takes.
pub const SYNC_WORDS_MAX: usize = 7;
/// Most words that one access takes, escapes included; three of them where
/// only [`encode_access`] made them.
pub const ACCESS_WORDS_MAX: usize = 7;
/// In place of a kind: what follows in this sync chunk is another thread's.
pub const SWITCH: u8 = 255;
/// Words that a switch takes in a sync chunk.
pub const SWITCH_WORDS: usize = 3;
/// Index of the number among a sync event's words, where it has one.
pub const NUMBER_WORD: usize = 2;

const TRIED: u64 = 1 << 8;
const HAS_NUMBER: u64 = 1 << 9;
const HAS_EXTRA: u64 = 1 << 10;
const HAS_OTHER: u64 = 1 << 11;
const HAS_TIME: u64 = 1 << 12;
const HAS_STAMP: u64 = 1 << 13;
const ORDER_SHIFT: u32 = 14;
const DELTA_SHIFT: u32 = 24;
/// Largest number of access words between two sync events of a thread.
pub const DELTA_MAX: u64 = (1 << 40) - 1;

/// Encodes a sync event; `delta` is the number of access words since the
/// thread's last one. The number word is written even for [`NO_NUMBER`] if
/// `pending`, so that it can be completed in place. Returns how many words of
/// `out` are used; `out[0]` is to be stored last.
#[must_use]
pub fn encode_sync(
    event: &SyncEvent,
    delta: u64,
    pending: bool,
    out: &mut [u64; SYNC_WORDS_MAX],
) -> usize {
    let mut first = event.kind as u64
        | u64::from(event.tried) << 8
        | (event.order as u64) << ORDER_SHIFT
        | delta.min(DELTA_MAX) << DELTA_SHIFT;
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
    /// Access words since the thread's last sync event.
    pub delta: u64,
    /// Words that it takes.
    pub words: usize,
}

/// How many words the sync event or switch takes that begins with `first`.
#[inline]
#[must_use]
pub fn sync_words(first: u64) -> usize {
    if first as u8 == SWITCH {
        return SWITCH_WORDS;
    }
    const OPTIONAL: u64 = HAS_NUMBER | HAS_EXTRA | HAS_OTHER | HAS_TIME | HAS_STAMP;
    2 + (first & OPTIONAL).count_ones() as usize
}

/// The words of a switch to `thread`, at `position` of its sync stream.
#[must_use]
pub fn switch(thread: u32, position: u64) -> [u64; SWITCH_WORDS] {
    [u64::from(SWITCH), u64::from(thread), position]
}

/// Decodes the sync event at the beginning of `words`. `None` if they are no
/// event of this version, or fewer than it takes.
#[must_use]
pub fn decode_sync(words: &[u64]) -> Option<DecodedSync> {
    let first = *words.first()?;
    let mut event = SyncEvent::new(Kind::from_number((first & 0xff) as u8)?);
    event.tried = first & TRIED != 0;
    event.order = *MemoryOrder::ALL.get((first >> ORDER_SHIFT & 7) as usize)?;
    let second = *words.get(1)?;
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
    Some(DecodedSync {
        event,
        delta: first >> DELTA_SHIFT,
        words: used,
    })
}

/// Bits of an access word that hold the address.
pub const ADDRESS_BITS: u32 = 48;
/// Mask of the address.
pub const ADDRESS_MASK: u64 = (1 << ADDRESS_BITS) - 1;
const OPERATION_SHIFT: u32 = 48;
const LENGTH_SHIFT: u32 = 50;
const SITE_SHIFT: u32 = 54;
const READ: u64 = 1;
const WRITE: u64 = 2;
const ESCAPE: u64 = 3;
const LENGTH_ESCAPED: u64 = 15;

/// A word that says something about the words after it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Escape {
    /// The thread's last site is now this one.
    Site = 1,
    /// Length in bytes of the next access.
    Length = 2,
    /// Nanoseconds since the start, of the next access (imported traces).
    Time = 3,
    /// The next access begins a new slice with this stamp (imported traces).
    Stamp = 4,
    /// What follows are events of this thread; a [`Position`](Escape::Position)
    /// follows.
    Thread = 5,
    /// Position in its access stream of what follows.
    Position = 6,
    /// Upper 16 bits for the value of the next escape.
    High = 7,
}

/// The word of an escape; `value` must fit in 48 bits.
#[must_use]
pub fn escape(escape: Escape, value: u64) -> u64 {
    value & ADDRESS_MASK | ESCAPE << OPERATION_SHIFT | (escape as u64) << LENGTH_SHIFT
}

/// The word of an access, or `None` where it needs escapes: a site further
/// than 511 from the last, or a length that is no power of two up to 16.
#[inline]
#[must_use]
pub fn access(write: bool, address: u64, len: u64, site: SiteId, last: SiteId) -> Option<u64> {
    let delta = i64::from(site.0) - i64::from(last.0);
    if !(-512..512).contains(&delta) || !len.is_power_of_two() || len > 16 {
        return None;
    }
    Some(access_word(
        write,
        address,
        u64::from(len.trailing_zeros()),
        delta,
    ))
}

#[inline]
fn access_word(write: bool, address: u64, length: u64, delta: i64) -> u64 {
    let operation = if write { WRITE } else { READ };
    address & ADDRESS_MASK
        | operation << OPERATION_SHIFT
        | length << LENGTH_SHIFT
        | (delta as u64 & 0x3ff) << SITE_SHIFT
}

/// The words of any access, escapes first. Returns how many of `out` are used.
#[must_use]
pub fn encode_access(
    write: bool,
    address: u64,
    len: u64,
    site: SiteId,
    last: SiteId,
    out: &mut [u64; 3],
) -> usize {
    if let Some(word) = access(write, address, len, site, last) {
        out[0] = word;
        return 1;
    }
    let mut words = 0;
    let mut delta = i64::from(site.0) - i64::from(last.0);
    if !(-512..512).contains(&delta) {
        out[words] = escape(Escape::Site, u64::from(site.0));
        words += 1;
        delta = 0;
    }
    let mut length = u64::from(len.trailing_zeros());
    if !len.is_power_of_two() || len > 16 {
        out[words] = escape(Escape::Length, len);
        words += 1;
        length = LENGTH_ESCAPED;
    }
    out[words] = access_word(write, address, length, delta);
    words + 1
}

/// Whether a word of the access stream is an access, and not an escape.
#[inline]
#[must_use]
pub fn is_access(word: u64) -> bool {
    matches!(word >> OPERATION_SHIFT & 3, READ | WRITE)
}

/// A decoded word of the access stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AccessWord {
    /// A read or write.
    Access {
        /// Which.
        kind: AccessKind,
        /// First byte.
        address: u64,
        /// Length in bytes; `None`: as the escape before it said.
        len: Option<u64>,
        /// Difference to the last site.
        site_delta: i32,
    },
    /// An escape and its value.
    Escape(Escape, u64),
}

/// Decodes a word; `None` if it is zero or none of this version.
#[inline]
#[must_use]
pub fn decode_access(word: u64) -> Option<AccessWord> {
    let value = word & ADDRESS_MASK;
    let length = word >> LENGTH_SHIFT & 15;
    let kind = match word >> OPERATION_SHIFT & 3 {
        READ => AccessKind::Read,
        WRITE => AccessKind::Write,
        ESCAPE => {
            let escape = match length {
                1 => Escape::Site,
                2 => Escape::Length,
                3 => Escape::Time,
                4 => Escape::Stamp,
                5 => Escape::Thread,
                6 => Escape::Position,
                7 => Escape::High,
                _ => return None,
            };
            return Some(AccessWord::Escape(escape, value));
        }
        _ => return None,
    };
    let len = match length {
        0..=4 => Some(1 << length),
        LENGTH_ESCAPED => None,
        _ => return None,
    };
    let site_delta = (word as i64 >> SITE_SHIFT) as i32;
    Some(AccessWord::Access {
        kind,
        address: value,
        len,
        site_delta,
    })
}
