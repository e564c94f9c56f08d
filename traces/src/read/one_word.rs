//! Tests: compact events whose second word is left out, as recorders write them
//! and as nobody may.

use proptest::prelude::*;

use super::hand_made::{Laid, Made, event};
use crate::event::{MemoryOrder, NO_NUMBER, SyncEvent};
use crate::format::layout::StreamKind;
use crate::format::words::{
    AS_BEFORE, COMPACT_NUMBERS, EXTRA_IS_NUMBER, HAS_TIME, compact_kind, compact_object,
    compact_site, decode_sync, next, same, same_or_next, switch, sync_words,
};
use crate::id::SiteId;
use crate::kind::Kind;
use crate::trace::Trace;

/// First word of a compact event.
fn head(kind: Kind) -> u64 {
    compact_kind(kind, MemoryOrder::Relaxed, false) | compact_site(SiteId(3))
}

fn second(object: u32, number: u64) -> u64 {
    compact_object(object, number).expect("small")
}

/// What is added to a first word.
fn as_same() -> u64 {
    same(1, 1).expect("the same")
}

fn as_next() -> u64 {
    next(second(0, 1), second(0, 0)).expect("the next")
}

/// A sync chunk of these words, read.
fn read(words: &[u64], switches: bool) -> Trace {
    let mut made = Made::new();
    made.lay(&Laid {
        switches,
        ..Laid::new(StreamKind::Sync, 7, words)
    });
    made.read()
}

fn seen(trace: &Trace, thread: usize) -> Vec<(Kind, u64)> {
    let events = trace.streams[thread].sync.iter();
    events.map(|event| (event.kind, event.number)).collect()
}

#[test]
fn a_second_word_that_is_left_out_is_known() {
    let words = [
        event(Kind::Fence, 0, 0),
        vec![head(Kind::Acq), second(0, 4)],
        vec![head(Kind::Rel) | as_same()],
        vec![head(Kind::Acq) | as_next()],
        vec![head(Kind::Rel) | as_same() | HAS_TIME, 20],
        vec![head(Kind::Acq) | as_next()],
    ]
    .concat();
    let trace = read(&words, false);
    assert!(!trace.info.truncated, "{:?}", trace.info.warnings);
    let numbers = [4, 4, 5, 5, 6];
    let kinds = [Kind::Acq, Kind::Rel, Kind::Acq, Kind::Rel, Kind::Acq];
    let expected: Vec<_> = kinds.into_iter().zip(numbers).collect();
    assert_eq!(seen(&trace, 0)[1..], expected);
    assert!(trace.streams[0].sync.iter().all(|it| it.object == 0));
}

#[test]
fn a_second_word_that_nothing_tells_is_damage() {
    let full = event(Kind::Acq, 0, 0);
    let one = vec![head(Kind::Rel) | as_same()];
    let last = vec![head(Kind::Send), second(0, COMPACT_NUMBERS - 1)];
    let pending = vec![head(Kind::Load), second(0, NO_NUMBER)];
    let more = vec![head(Kind::Acq) | as_next()];
    let cases = [
        // The first one of a chunk, and one behind a full event.
        (0, one.clone()),
        (1, [full.clone(), one.clone()].concat()),
        // No number follows the last one, or none.
        (1, [last, more.clone()].concat()),
        (1, [pending, more.clone()].concat()),
        // More than what is left out.
        (0, vec![more[0] & !AS_BEFORE, second(0, 4)]),
    ];
    for (whole, words) in cases {
        let trace = read(&words, false);
        assert!(trace.info.truncated, "{words:x?}");
        let events = trace.streams.first().map_or(0, |it| it.sync.len());
        assert_eq!(events, whole, "{words:x?}");
    }
}

#[test]
fn nothing_is_told_across_a_switch() {
    let acquire = [head(Kind::Acq), second(0, 4)];
    let one = [head(Kind::Rel) | as_same()];
    let away = [&acquire[..], &switch(9, 0), &one].concat();
    assert!(read(&away, true).info.truncated);
    let back = [&acquire[..], &switch(9, 0), &acquire, &switch(7, 2), &one].concat();
    assert!(read(&back, true).info.truncated);
}

#[test]
fn nothing_is_told_across_chunks() {
    let mut made = Made::new();
    let acquire = [head(Kind::Acq), second(0, 4)];
    made.lay(&Laid::new(StreamKind::Sync, 7, &acquire));
    let one = [head(Kind::Rel) | as_same()];
    made.lay(&Laid {
        position: 2,
        ..Laid::new(StreamKind::Sync, 7, &one)
    });
    let trace = made.read();
    assert!(trace.info.truncated);
    assert_eq!(seen(&trace, 0), [(Kind::Acq, 4)]);
}

/// Compact events: object, number, whether the extra is the number, time.
fn events() -> impl Strategy<Value = Vec<SyncEvent>> {
    let number = prop_oneof![8 => 0..3_u64, 1 => Just(NO_NUMBER), 1 => Just(COMPACT_NUMBERS - 1)];
    let event = (0..2_u32, number, any::<bool>(), 0..3_u64);
    let event = event.prop_map(|(object, number, twice, time)| {
        let mut event = SyncEvent::new(Kind::Send);
        (event.object, event.number, event.site) = (object, number, SiteId(3));
        event.extra = if twice { number } else { NO_NUMBER };
        event.time = if time == 0 { 77 } else { event.time };
        event
    });
    proptest::collection::vec(event, 1..60)
}

proptest! {
    #[test]
    fn what_is_left_out_is_read(events in events()) {
        let (mut words, mut before) = (Vec::new(), 0);
        for event in &events {
            let second = second(event.object, event.number);
            let twice = event.extra != NO_NUMBER;
            let first = head(event.kind) | if twice { EXTRA_IS_NUMBER } else { 0 };
            let time = (event.time == 77).then_some(77);
            let first = first | time.map_or(0, |_| HAS_TIME);
            // As recorders do: behind a number that comes later nothing is told.
            let known = event.number != NO_NUMBER;
            match same_or_next(second, before).filter(|_| known) {
                Some(bits) => words.push(first | bits),
                None => words.extend([first, second]),
            }
            words.extend(time);
            before = if known { second } else { 0 };
        }
        let (mut at, mut told, mut read) = (0, None, Vec::new());
        while at < words.len() {
            let decoded = decode_sync(&words[at..], told).expect("an event");
            prop_assert_eq!(decoded.words, sync_words(words[at]));
            (at, told) = (at + decoded.words, decoded.second);
            read.push(decoded.event);
        }
        prop_assert_eq!(read, events);
    }

    #[test]
    fn any_words_are_read_or_refused(
        words in proptest::collection::vec(any::<u64>(), 0..9),
        kind in 1..50_u64,
        before in proptest::option::of(any::<u64>()),
    ) {
        let mut words = words;
        if let Some(first) = words.first_mut() {
            *first = *first & !0xff | kind;
        }
        if let Some(decoded) = decode_sync(&words, before) {
            prop_assert!((1..=words.len()).contains(&decoded.words));
        }
    }
}
