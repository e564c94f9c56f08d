//! How words of events are divided for packing.
//!
//! This is all that packing knows of events. It stands in every block that is
//! written, so a packed file says itself how it is to be unpacked.

use crate::format::words::{self, ADDRESS_BITS, HAS_TIME, MARK_SHIFT, OBJECT_BITS, SWITCH};
use crate::packed::{Column, Layout};

/// Which bits of a word move, while the others repeat.
const fn moving(shift: u32, width: u32) -> Column {
    Column::new(shift as u8, width as u8)
}

/// Accesses: the address moves; operation, length and site repeat.
pub(super) fn accesses() -> Layout {
    Layout {
        columns: vec![moving(0, ADDRESS_BITS)],
        shapes: vec![vec![0]],
    }
}

/// Columns of sync events: the first word, of which the mark moves; the second
/// of a compact one, of which the number does; the second of a full one, and
/// the six words that may follow (the fourth after a compact one, too); the
/// words of a switch.
const COLUMNS: [Column; 11] = [
    moving(MARK_SHIFT, 64 - MARK_SHIFT),
    moving(OBJECT_BITS, 64 - OBJECT_BITS),
    moving(0, 0),
    moving(0, 64),
    moving(0, 64),
    moving(0, 0),
    moving(0, 64),
    moving(0, 64),
    moving(0, 64),
    moving(0, 0),
    moving(0, 64),
];
/// Column of the first word that may follow a full event's two.
const FIELDS: u8 = 3;
/// Column of times.
const TIME: u8 = FIELDS + 3;

/// One word: a compact event without its second, or a word that is no whole
/// event.
const ONE: u8 = 0;
const COMPACT: u8 = 1;
const COMPACT_TIMED: u8 = 2;
const SWITCHES: u8 = 3;
/// A compact event without its second word, with a time.
const ONE_TIMED: u8 = 4;
/// The full event whose [fields](words::full_fields) are added to it.
const FULL: u8 = 5;
const FULL_SHAPES: u8 = 64;

/// Sync events.
pub(super) fn sync() -> Layout {
    let mut shapes = vec![
        vec![0],
        vec![0, 1],
        vec![0, 1, TIME],
        vec![0, 9, 10],
        vec![0, TIME],
    ];
    for fields in 0..FULL_SHAPES {
        let follow = (0..6).filter(|field| fields >> field & 1 != 0);
        let follow = follow.map(|field| FIELDS + field);
        shapes.push([0, 2].into_iter().chain(follow).collect());
    }
    Layout {
        columns: COLUMNS.to_vec(),
        shapes,
    }
}

/// The shape of the event that begins with `first`.
fn of_event(first: u64) -> u8 {
    match first {
        0 => ONE,
        _ if first as u8 == SWITCH => SWITCHES,
        _ if words::is_compact(first) => match (words::sync_words(first), first & HAS_TIME) {
            (1, _) => ONE,
            (_, 0) => COMPACT,
            (2, _) => ONE_TIMED,
            _ => COMPACT_TIMED,
        },
        _ => FULL + words::full_fields(first),
    }
}

/// The shapes of the events that `words` are.
pub(super) fn of_sync(layout: &Layout, words: &[[u8; 8]], shapes: &mut Vec<u8>) {
    let mut at = 0;
    while let Some(first) = words.get(at) {
        let shape = of_event(u64::from_le_bytes(*first));
        let length = layout.shapes[usize::from(shape)].len();
        let whole = at + length <= words.len();
        shapes.push(if whole { shape } else { ONE });
        at += if whole { length } else { 1 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::SyncEvent;
    use crate::format::words::SYNC_WORDS_MAX;
    use crate::id::SiteId;
    use crate::kind::Kind;

    #[test]
    fn shapes_are_those_of_events() {
        let layout = sync();
        let mut words = Vec::new();
        let mut expected = Vec::new();
        for fields in 0..FULL_SHAPES {
            let mut event = SyncEvent::new(Kind::Acq);
            let has = |field: u8| fields >> field & 1 != 0;
            event.number = if has(0) { 7 } else { event.number };
            event.extra = if has(1) { 8 } else { event.extra };
            event.other = if has(2) { 9 } else { event.other };
            event.time = if has(3) { 10 } else { event.time };
            event.stamp = if has(4) { 11 } else { 0 };
            let delta = if has(5) { 1 << 30 } else { 5 };
            let mut out = [0; SYNC_WORDS_MAX];
            let used = words::encode_sync(&event, delta, 3, false, &mut out);
            words.extend(out[..used].iter().map(|word| word.to_le_bytes()));
            expected.push(FULL + fields);
        }
        let compact = words::compact_site(SiteId(9)) | Kind::Rel as u64;
        words.extend([compact.to_le_bytes(), [1; 8]]);
        words.extend([(compact | HAS_TIME).to_le_bytes(), [1; 8], [2; 8]]);
        words.extend(words::switch(4, 5).map(u64::to_le_bytes));
        let one = compact | words::same(7, 7).expect("the same");
        words.push(one.to_le_bytes());
        words.extend([(one | HAS_TIME).to_le_bytes(), [2; 8]]);
        words.push(compact.to_le_bytes());
        expected.extend([COMPACT, COMPACT_TIMED, SWITCHES, ONE, ONE_TIMED, ONE]);
        let mut shapes = Vec::new();
        of_sync(&layout, &words, &mut shapes);
        assert_eq!(shapes, expected);
    }
}
