//! Places that a thread has met, with their numbers: behind the few that it
//! [remembers](crate::site::Remembered), so that a large program's threads ask
//! the session's table, which takes a lock, once for each place and not again
//! and again.
//!
//! Most threads meet few places: there are slots only once a thread has asked
//! often.
#![allow(unsafe_code)] // A thread-local that may have no destructor owns them.

use std::cell::Cell;
use std::ptr::null_mut;

use hbtrace_traces::id::SiteId;

use crate::site::Place;

/// Slots, each for the last one of the places that share it.
const SLOTS: usize = 1 << 13;
/// A thread that asks more often than this gets them.
const OFTEN: u32 = 128;

/// A place's word (0: none) and its number.
type Slots = [(Cell<usize>, Cell<u32>); SLOTS];

/// The places. Only looked at while nothing else of the thread is under way.
pub(crate) struct Met {
    asked: Cell<u32>,
    slots: Cell<*mut Slots>,
}

impl Met {
    pub(crate) const fn new() -> Met {
        Met {
            asked: Cell::new(0),
            slots: Cell::new(null_mut()),
        }
    }

    /// The number of a place, if the thread has met it.
    pub(crate) fn get(&self, place: Place) -> Option<SiteId> {
        let (word, site) = &self.slots()?[index(place)];
        (word.get() == place.word()).then(|| SiteId(site.get()))
    }

    /// It has met the place.
    pub(crate) fn set(&self, place: Place, number: SiteId) {
        let asked = self.asked.get().saturating_add(1);
        self.asked.set(asked);
        if asked == OFTEN {
            let slots: Box<[(Cell<usize>, Cell<u32>)]> =
                (0..SLOTS).map(|_| (Cell::new(0), Cell::new(0))).collect();
            self.slots.set(Box::into_raw(slots).cast());
        }
        if let Some(slots) = self.slots() {
            let (word, site) = &slots[index(place)];
            word.set(place.word());
            site.set(number.0);
        }
    }

    /// The thread ends. Whatever it still does is found without them.
    pub(crate) fn drop_slots(&self) {
        self.asked.set(OFTEN);
        let slots = self.slots.replace(null_mut());
        if !slots.is_null() {
            // SAFETY: from `set`, which made a box of them; and no reference
            // outlives the call that took it, of which this is none.
            drop(unsafe { Box::from_raw(slots) });
        }
    }

    fn slots(&self) -> Option<&Slots> {
        // SAFETY: null, or the box's, which is there until `drop_slots`.
        unsafe { self.slots.get().as_ref() }
    }
}

/// Locations lie a few words apart, code at the word's upper bits.
fn index(place: Place) -> usize {
    let word = place.word();
    (word >> 3 ^ word >> 16) % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_once_they_are_many() {
        let met = Met::new();
        let place = |address: usize| Place::code(0x40_0000 + 5 * address);
        for address in 0..1000 {
            assert_eq!(met.get(place(address)), None);
            met.set(place(address), SiteId(address as u32));
        }
        assert_eq!(met.get(place(0)), None, "there was no slot for it");
        let found = (0..1000).filter(|address| met.get(place(*address)).is_some());
        assert!(found.count() > 700);
        for address in 0..1000 {
            let site = met.get(place(address)).map(|site| site.0);
            assert!(site.is_none_or(|site| site == address as u32));
        }
        met.drop_slots();
        met.set(place(1), SiteId(1));
        assert_eq!(met.get(place(1)), None);
    }
}
