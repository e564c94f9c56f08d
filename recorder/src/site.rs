//! Sites: places in the source, numbered densely.
//!
//! A `&'static Location` is known by its address; several addresses may hold
//! the same place (one for each codegen unit), which is one site.

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
