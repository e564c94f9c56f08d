//! Accesses that a thread repeats within a segment: compiled programs tell of
//! the same bytes at the same place again and again, in loops most of all.
//!
//! Between two of its sync events a thread has one place in the order, so an
//! access that it repeats there (the same bytes, kind and site) is unordered
//! with whatever the first one is unordered with. So it is left out. What a
//! segment is, is known by where the sync stream stands.
//!
//! What was recorded is remembered in a table with one slot for each word, which
//! the next one may take; it begins anew with each chunk of either stream, so
//! that no slot speaks of a chunk that is gone.

use std::cell::Cell;

/// Words that are remembered: their table is half of the first-level cache.
const SLOTS: usize = 1 << BITS;
const BITS: u32 = 10;
/// 2^64 over the golden ratio: spreads words over the slots by its top bits.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Where no sync stream stands.
const NOWHERE: usize = 1;

/// The words that were recorded lately.
pub(super) struct Repeats {
    slots: [Slot; SLOTS],
}

/// A word, and where the sync stream stood.
struct Slot {
    at: Cell<usize>,
    word: Cell<u64>,
}

impl Repeats {
    pub(super) const fn new() -> Repeats {
        Repeats {
            slots: [const {
                Slot {
                    at: Cell::new(NOWHERE),
                    word: Cell::new(0),
                }
            }; SLOTS],
        }
    }

    /// Whether the word was recorded since the sync stream stands `at`.
    #[inline(always)]
    pub(super) fn has(&self, word: u64, at: usize) -> bool {
        let slot = self.slot(word);
        slot.at.get() == at && slot.word.get() == word
    }

    /// The word was stored while the sync stream stood `at`. A signal handler that
    /// comes between the two stores finds a word that is in the file already.
    #[inline(always)]
    pub(super) fn set(&self, word: u64, at: usize) {
        let slot = self.slot(word);
        slot.word.set(word);
        slot.at.set(at);
    }

    /// The streams go on elsewhere.
    pub(super) fn forget(&self) {
        for slot in &self.slots {
            slot.at.set(NOWHERE);
        }
    }

    #[inline(always)]
    fn slot(&self, word: u64) -> &Slot {
        &self.slots[(word.wrapping_mul(SPREAD) >> (64 - BITS)) as usize]
    }
}
