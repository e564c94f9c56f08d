//! Sites: places in the program, numbered densely.
//!
//! A `&'static Location` is known by its address; several addresses may hold
//! the same place (one for each codegen unit), which is one site. Code that
//! knows no source is known by its address.
#![allow(unsafe_code)] // A reference that was kept as a word.

use std::cell::Cell;
use std::collections::HashMap;
use std::panic::Location;

use hbtrace_traces::format::words::{COMPACT_SITES, access_bits, compact_site};
use hbtrace_traces::id::SiteId;

use crate::primitive::{Mutex, lock};

/// A place in the program: one in the source, as the compiler tells it, or an
/// address of code.
///
/// One word: the address of the `Location`, or [`CODE`] and the code's address
/// above [`CODE_BITS`] bits, so that the [uses](Use) of either have numbers of
/// their own. The address is mixed, since calls lie further apart than words.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place(*const Location<'static>);

/// The top bit, which no address in user space has.
const CODE: usize = 1 << 63;
/// Room for what a place may be used for.
const CODE_BITS: u32 = 4;
/// An address of code is mixed with itself, shifted by so many bits.
const MIX: u32 = 7;

impl Place {
    /// The code at `address`, which is below 2^48 in user space.
    #[cfg(any(test, feature = "raw"))]
    #[inline(always)]
    pub(crate) fn code(address: usize) -> Place {
        let mixed = address ^ address >> MIX;
        Place(std::ptr::without_provenance(CODE | mixed << CODE_BITS))
    }

    /// Its word.
    #[inline(always)]
    pub(crate) fn word(self) -> usize {
        self.0.addr()
    }

    /// The address of code.
    pub(crate) fn as_code(self) -> Option<usize> {
        if self.word() & CODE == 0 {
            return None;
        }
        let mixed = (self.word() & !CODE) >> CODE_BITS;
        let shifts = (0..usize::BITS).step_by(MIX as usize);
        Some(shifts.fold(0, |address, shift| address ^ mixed >> shift))
    }

    /// The place in the source.
    pub(crate) fn as_source(self) -> Option<&'static Location<'static>> {
        if self.word() & CODE != 0 {
            return None;
        }
        // SAFETY: all others were made of such a reference.
        Some(unsafe { &*self.0 })
    }
}

// SAFETY: a word; what it points to is shared for ever and never written.
unsafe impl Send for Place {}
// SAFETY: likewise.
unsafe impl Sync for Place {}

impl From<&'static Location<'static>> for Place {
    #[inline(always)]
    fn from(location: &'static Location<'static>) -> Place {
        Place(location)
    }
}

/// All sites of the session.
pub(crate) struct Sites {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    by_word: HashMap<usize, u32>,
    by_source: HashMap<(&'static str, u32, u32), u32>,
    count: u32,
}

impl Sites {
    pub(crate) fn new() -> Sites {
        Sites {
            known: Mutex::new(Known::default()),
        }
    }

    /// The number of a place, from 1. `announce` writes a new one's record; no
    /// other thread gets the number before it is written.
    pub(crate) fn number(&self, place: Place, announce: impl FnOnce(u32)) -> u32 {
        let mut known = lock(&self.known);
        if let Some(number) = known.by_word.get(&place.word()) {
            return *number;
        }
        let source = place.as_source();
        let source = source.map(|source| (source.file(), source.line(), source.column()));
        let same = source.and_then(|source| known.by_source.get(&source).copied());
        let number = same.unwrap_or_else(|| {
            known.count += 1;
            announce(known.count);
            known.count
        });
        known.by_word.insert(place.word(), number);
        if let Some(source) = source {
            known.by_source.insert(source, number);
        }
        number
    }
}

/// Uses that a thread remembers.
const SLOTS: usize = 256;

/// What a place is used for. It is the place's word plus a little: a `Location`
/// is 8-aligned and has 24 bytes of its own, and an address of code leaves 16, so
/// each use has a key of its own, and reads and writes of one place have slots of
/// their own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Use(usize);

const _: () = assert!(align_of::<Location<'_>>() == 8 && size_of::<Location<'_>>() >= 24);

impl Use {
    /// No use: what empty slots hold.
    const NONE: Use = Use(0);

    /// In a sync event.
    #[inline(always)]
    pub(crate) fn sync(place: Place) -> Use {
        Use(place.word() + 13)
    }

    /// In an access of `len` bytes, if its word needs no escape for them.
    #[inline(always)]
    pub(crate) fn access(place: Place, write: bool, len: u64) -> Option<Use> {
        let length = match len {
            1 => 0,
            2 => 1,
            4 => 2,
            8 => 3,
            16 => 4,
            _ => return None,
        };
        let operation = if write { 8 } else { 0 };
        Some(Use(place.word() + operation + length))
    }
}

/// What the uses that a thread met lately make of an event's word, so that no
/// table of the session is asked. Direct mapped: a use has one slot, which the
/// next one may take.
pub(crate) struct Remembered {
    slots: [(Cell<Use>, Cell<u64>); SLOTS],
}

impl Remembered {
    pub(crate) const fn new() -> Remembered {
        Remembered {
            slots: [const { (Cell::new(Use::NONE), Cell::new(0)) }; SLOTS],
        }
    }

    /// The bits of a use, if they are remembered.
    #[inline(always)]
    pub(crate) fn get(&self, of: Use) -> Option<u64> {
        let (known, bits) = self.slot(of);
        (known.get() == of).then(|| bits.get())
    }

    /// Remembers the bits of an access's use, if they need no escape.
    pub(crate) fn set_access(&self, of: Use, write: bool, len: u64, site: SiteId, base: SiteId) {
        if let Some(bits) = access_bits(write, len, site, base) {
            self.set(of, bits);
        }
    }

    /// Remembers the bits of a sync event's use, if they fit a compact one.
    pub(crate) fn set_sync(&self, of: Use, site: SiteId) {
        if site.0 < COMPACT_SITES {
            self.set(of, compact_site(site));
        }
    }

    /// Forgets everything: what sites count from has changed.
    pub(crate) fn forget(&self) {
        for (known, _) in &self.slots {
            known.set(Use::NONE);
        }
    }

    /// Remembers the bits of a use.
    pub(crate) fn set(&self, of: Use, bits: u64) {
        let (known, slot) = self.slot(of);
        // A signal handler that looks between the two stores finds nothing.
        known.set(Use::NONE);
        slot.set(bits);
        known.set(of);
    }

    #[inline(always)]
    fn slot(&self, of: Use) -> &(Cell<Use>, Cell<u64>) {
        &self.slots[(of.0 >> 3) % SLOTS]
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_what_it_was_made_of() {
        for address in [0, 1, 0x40_1136, 0x5555_5555_4000, (1 << 47) - 1] {
            let place = Place::code(address);
            assert_eq!(place.as_code(), Some(address));
            assert!(place.as_source().is_none());
        }
        let here = Location::caller();
        let place = Place::from(here);
        assert_eq!(place.as_source(), Some(here));
        assert_eq!(place.as_code(), None);
    }
}
