//! Sites: places in the source, numbered densely.
//!
//! A `&'static Location` is known by its address; several addresses may hold
//! the same place (one for each codegen unit), which is one site.

use std::cell::Cell;
use std::collections::HashMap;
use std::panic::Location;

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

/// Places that a thread remembers besides the last.
const SLOTS: usize = 128;

/// Numbers of the places that a thread met lately, by address.
pub(crate) struct Remembered {
    last: Cell<(usize, u32)>,
    /// Direct mapped: a place has one slot, which the next one may take.
    slots: [Cell<(usize, u32)>; SLOTS],
}

impl Remembered {
    pub(crate) const fn new() -> Remembered {
        Remembered {
            last: Cell::new((0, 0)),
            slots: [const { Cell::new((0, 0)) }; SLOTS],
        }
    }

    /// The number of `place`; `ask` knows it if the thread does not.
    #[inline]
    pub(crate) fn number(&self, place: Place, ask: impl FnOnce() -> u32) -> u32 {
        let address = std::ptr::from_ref(place).addr();
        let (last, number) = self.last.get();
        if last == address {
            return number;
        }
        let number = self.look_up(address, ask);
        self.last.set((address, number));
        number
    }

    #[inline(never)]
    fn look_up(&self, address: usize, ask: impl FnOnce() -> u32) -> u32 {
        let slot = &self.slots[(address >> 3 ^ address >> 10) % SLOTS];
        let (known, number) = slot.get();
        if known == address {
            return number;
        }
        let number = ask();
        slot.set((address, number));
        number
    }
}
