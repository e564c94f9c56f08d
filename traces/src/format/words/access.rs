//! Accesses as words, and the escapes before them.

use crate::event::AccessKind;
use crate::id::SiteId;

/// Most words that one access takes, escapes included; three of them where
/// only [`encode_access`] made them.
pub const ACCESS_WORDS_MAX: usize = 7;
/// Bits of an access word that hold the address.
pub const ADDRESS_BITS: u32 = 48;
/// Mask of the address.
pub const ADDRESS_MASK: u64 = (1 << ADDRESS_BITS) - 1;
const LENGTH_SHIFT: u32 = 48;
const LENGTH_ESCAPED: u64 = 6;
const ESCAPE: u64 = 7;
const WRITE: u64 = 1 << 51;
const CODE_SHIFT: u32 = 52;
/// Sites that an access names in its own word: those from the chunk's base on.
pub const NEAR_SITES: u32 = 4095;

/// A word that says something about the words after it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Escape {
    /// Site of the next access.
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
    value & ADDRESS_MASK | ESCAPE << LENGTH_SHIFT | (escape as u64) << CODE_SHIFT
}

/// What an access's word holds besides its address, or `None` where it needs
/// escapes: a site that is not near `base`, or a length that is no power of two
/// up to 16.
#[inline]
#[must_use]
pub fn access_bits(write: bool, len: u64, site: SiteId, base: SiteId) -> Option<u64> {
    let code = site.0.wrapping_sub(base.0);
    if code >= NEAR_SITES || !len.is_power_of_two() || len > 16 {
        return None;
    }
    Some(bits(write, u64::from(len.trailing_zeros()) + 1, code))
}

fn bits(write: bool, length: u64, code: u32) -> u64 {
    length << LENGTH_SHIFT | if write { WRITE } else { 0 } | u64::from(code) << CODE_SHIFT
}

/// The words of any access, escapes first. Returns how many of `out` are used.
#[must_use]
pub fn encode_access(
    write: bool,
    address: u64,
    len: u64,
    site: SiteId,
    base: SiteId,
    out: &mut [u64; 3],
) -> usize {
    let address = address & ADDRESS_MASK;
    if let Some(bits) = access_bits(write, len, site, base) {
        out[0] = address | bits;
        return 1;
    }
    let mut words = 0;
    let mut code = site.0.wrapping_sub(base.0);
    if code >= NEAR_SITES {
        out[words] = escape(Escape::Site, u64::from(site.0));
        words += 1;
        code = NEAR_SITES;
    }
    let mut length = u64::from(len.trailing_zeros()) + 1;
    if !len.is_power_of_two() || len > 16 {
        out[words] = escape(Escape::Length, len);
        words += 1;
        length = LENGTH_ESCAPED;
    }
    out[words] = address | bits(write, length, code);
    words + 1
}

/// Whether a word of the access stream is an access, and not an escape.
#[inline]
#[must_use]
pub fn is_access(word: u64) -> bool {
    matches!(word >> LENGTH_SHIFT & 7, 1..=LENGTH_ESCAPED)
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
        /// Site, from the chunk's base on; `None`: as the escape before it said.
        site: Option<u32>,
    },
    /// An escape and its value.
    Escape(Escape, u64),
}

/// Decodes a word; `None` if it is zero or none of this version.
#[inline]
#[must_use]
pub fn decode_access(word: u64) -> Option<AccessWord> {
    let address = word & ADDRESS_MASK;
    let code = (word >> CODE_SHIFT) as u32;
    let len = match word >> LENGTH_SHIFT & 7 {
        0 => return None,
        ESCAPE => return escape_of(code).map(|escape| AccessWord::Escape(escape, address)),
        LENGTH_ESCAPED => None,
        length => Some(1 << (length - 1)),
    };
    let kind = match word & WRITE {
        0 => AccessKind::Read,
        _ => AccessKind::Write,
    };
    Some(AccessWord::Access {
        kind,
        address,
        len,
        site: (code < NEAR_SITES).then_some(code),
    })
}

fn escape_of(number: u32) -> Option<Escape> {
    Some(match number {
        1 => Escape::Site,
        2 => Escape::Length,
        3 => Escape::Time,
        4 => Escape::Stamp,
        5 => Escape::Thread,
        6 => Escape::Position,
        7 => Escape::High,
        _ => return None,
    })
}
