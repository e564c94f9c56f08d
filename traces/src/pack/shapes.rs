//! How words of events are divided for packing.
//!
//! This is all that packing knows of events. It stands in every block that is
//! written, so a packed file says itself how it is to be unpacked.

use crate::format::words::{self, ADDRESS_BITS, SYNC_WORDS_MAX};
use crate::packed::{Column, Layout};

/// A word that is no whole event.
const STRAY: u8 = 0;

/// Accesses: the address moves; operation, length and site repeat.
pub(super) fn accesses() -> Layout {
    let width = ADDRESS_BITS as u8;
    Layout {
        columns: vec![Column { shift: 0, width }],
        shapes: vec![vec![0]],
    }
}

/// Sync events, by their number of words.
pub(super) fn sync() -> Layout {
    let key = Column { shift: 0, width: 0 };
    let value = Column {
        shift: 0,
        width: 64,
    };
    let delta = Column {
        shift: 24,
        width: 40,
    };
    let mut columns = vec![delta, key];
    columns.resize(SYNC_WORDS_MAX, value);
    let shape = |words| (0..words as u8).collect();
    Layout {
        columns,
        shapes: (1..=SYNC_WORDS_MAX).map(shape).collect(),
    }
}

/// The shapes of the events that `words` are.
pub(super) fn of_sync(words: &[[u8; 8]], shapes: &mut Vec<u8>) {
    let mut at = 0;
    while let Some(first) = words.get(at) {
        let length = words::sync_words(u64::from_le_bytes(*first));
        let whole = *first != [0; 8] && length <= SYNC_WORDS_MAX && at + length <= words.len();
        let shape = if whole { length as u8 - 1 } else { STRAY };
        shapes.push(shape);
        at += usize::from(shape) + 1;
    }
}
