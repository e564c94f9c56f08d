//! Sites: places in the source, numbered densely.
//!
//! A `&'static Location` is known by its address; several addresses may hold
//! the same place (one for each codegen unit), which is one site.

use std::cell::Cell;
use std::collections::HashMap;
use std::panic::Location;

use hbtrace_traces::format::words::{COMPACT_SITES, access_bits, compact_site};
use hbtrace_traces::id::SiteId;

use crate::primitive::{Mutex, lock};

/// A place in the source, as the compiler tells it.
pub(crate) type Place = &'static Location<'static>;

/// All sites of the session.
pub(crate) struct Sites {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    by_address: HashMap<usize, u32>,
    by_place: HashMap<(&'static str, u32, u32), u32>,
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
        let address = std::ptr::from_ref(place).addr();
        if let Some(number) = known.by_address.get(&address) {
            return *number;
        }
        let key = (place.file(), place.line(), place.column());
        let number = match known.by_place.get(&key) {
            Some(number) => *number,
            None => {
                let number = known.by_place.len() as u32 + 1;
                announce(number);
                known.by_place.insert(key, number);
                number
            }
        };
        known.by_address.insert(address, number);
        number
    }
}

/// Uses that a thread remembers.
const SLOTS: usize = 256;

/// What a place is used for. It is the address of the place's `Location` plus a
/// little: a `Location` is 8-aligned and has 24 bytes of its own, so each use
/// has a key of its own, and reads, writes and sync events of one place have
/// slots of their own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Use(usize);

const _: () = assert!(align_of::<Location<'_>>() == 8 && size_of::<Location<'_>>() >= 24);

impl Use {
    /// No use: what empty slots hold.
    const NONE: Use = Use(0);

    /// In a sync event.
    #[inline(always)]
    pub(crate) fn sync(place: Place) -> Use {
        Use(std::ptr::from_ref(place).addr() + 16)
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
        Some(Use(std::ptr::from_ref(place).addr() + operation + length))
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

    fn set(&self, of: Use, bits: u64) {
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
