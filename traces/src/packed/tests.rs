//! Tests: what is packed comes back, and what is damaged is refused.

use proptest::prelude::*;

use super::index::RATIO_MAX;
use super::layout::STREAMS;
use super::streams::{Squeeze, put_number};
use super::{BlockEntry, Column, Extent, HEADS, Index, Layout, PACK_HEAD, Packer, unpack};

fn layout() -> Layout {
    let column = Column::new;
    Layout {
        columns: vec![
            column(24, 40),
            column(0, 0),
            column(0, 64),
            column(16, 32),
            column(0, 48),
        ],
        shapes: vec![vec![0], vec![0, 1], vec![0, 1, 2], vec![0, 3, 4, 2]],
    }
}

/// Events that repeat in part, as those of a program do.
fn events() -> impl Strategy<Value = Vec<(u8, Vec<u64>)>> {
    let word = prop_oneof![
        Just(0),
        0..4_u64,
        any::<u64>(),
        (0..4_u64).prop_map(|key| key << 48 | 0x1000)
    ];
    let event = (0..4_u8).prop_flat_map(move |shape| {
        let length = layout().shapes[usize::from(shape)].len();
        (Just(shape), prop::collection::vec(word.clone(), length))
    });
    (prop::collection::vec(event, 0..60), 1..8_usize).prop_map(|(events, times)| {
        let step = |(at, (shape, words)): (usize, &(u8, Vec<u64>))| {
            let words = words.iter().map(|word| word.wrapping_add(at as u64));
            (*shape, words.collect())
        };
        let repeated = (0..times).flat_map(|_| &events);
        repeated.enumerate().map(step).collect()
    })
}

fn packed(events: &[(u8, Vec<u64>)]) -> (Vec<u8>, Vec<u8>) {
    let words = events.iter().flat_map(|(_, words)| words);
    let words: Vec<[u8; 8]> = words.map(|word| word.to_le_bytes()).collect();
    let mut packer = Packer::new().expect("memory");
    let shapes: Vec<u8> = events.iter().map(|(shape, _)| *shape).collect();
    let stored = packer.words(&layout(), &words, &shapes).expect("memory");
    (words.concat(), stored)
}

proptest! {
    #[test]
    fn words_come_back(events in events()) {
        let (plain, stored) = packed(&events);
        prop_assert_eq!(unpack(&stored, plain.len()), Ok(plain));
    }

    #[test]
    fn bytes_come_back(bytes in prop::collection::vec(any::<u8>(), 0..5000), times in 1..20_usize) {
        let plain = bytes.repeat(times);
        let stored = Packer::new().expect("memory").bytes(&plain).expect("memory");
        prop_assert_eq!(unpack(&stored, plain.len()), Ok(plain));
    }

    #[test]
    fn damaged_blocks_never_panic(
        events in events(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        length in 0..100_000_usize,
    ) {
        let (plain, mut stored) = packed(&events);
        for (at, byte) in damage {
            let at = at.index(stored.len());
            stored[at] ^= byte;
        }
        let _ = unpack(&stored, plain.len());
        let _ = unpack(&stored, length);
        let cut = stored.len() / 2;
        let _ = unpack(&stored[..cut], plain.len());
    }
}

#[test]
fn values_that_move_in_steps_cost_less() {
    let mut state = 1_u64;
    let mut random = |step: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (0, vec![(7 + (state >> 44) * step) << 24])
    };
    let mut stored = |step| {
        let events: Vec<_> = (0..20_000).map(|_| random(step)).collect();
        let (plain, stored) = packed(&events);
        assert_eq!(unpack(&stored, plain.len()), Ok(plain));
        stored.len()
    };
    let (one, many) = (stored(1), stored(512));
    assert!(many <= one + 100, "{many} bytes, by ones {one}");
}

#[test]
fn blocks_of_loops_are_padded_to_the_ratio() {
    let events = vec![(0, vec![1]); 100_000];
    let (plain, stored) = packed(&events);
    assert!(stored.len() as u64 * RATIO_MAX >= plain.len() as u64);
    assert!(stored.len() as u64 * RATIO_MAX < plain.len() as u64 + 2 * RATIO_MAX);
    assert_eq!(unpack(&stored, plain.len()), Ok(plain));
}

/// A header page, the bytes of a file behind it, and its index.
fn file(index: &Index, blocks: &[u8]) -> Vec<u8> {
    let mut page = vec![7; 4096];
    let at = (page.len() + PACK_HEAD + blocks.len()) as u64;
    let (stored, unpacked) = index.store().expect("memory");
    let head = index.head(&page, at, &stored, unpacked);
    page.extend(head);
    page.extend(blocks);
    page.extend(stored);
    page
}

fn index(length: u32) -> Index {
    let extent = |start, length, block, at| Extent {
        start,
        length,
        block,
        at,
        words: 3,
    };
    let from = 4096 + PACK_HEAD as u64;
    Index {
        length: 20_000,
        blocks: vec![BlockEntry {
            offset: from,
            stored: 4,
            length,
            checksum: 9,
        }],
        extents: vec![
            extent(4096, 64, HEADS, 0),
            extent(4160, 100, 0, 0),
            extent(8192, 64, HEADS, 64),
            extent(10_000, 60, 0, 100),
        ],
        heads: vec![5; 128],
    }
}

#[test]
fn an_index_comes_back_and_lies_are_refused() {
    let index = index(160);
    let whole = file(&index, &[0; 4]);
    assert_eq!(Index::read(&whole, 4096).as_ref(), Ok(&index));
    let refused = |index: &Index| {
        let (at, fault) = Index::read(&file(index, &[0; 4]), 4096).expect_err("a lie");
        assert!(at >= 4096, "{at}: {fault:?}");
    };
    for at in 0..4 {
        let mut lie = index.clone();
        lie.extents[at].length += 1;
        refused(&lie);
        lie.extents[at].start = u64::MAX - 3;
        refused(&lie);
    }
    let mut bomb = index.clone();
    (bomb.blocks[0].length, bomb.extents[3].length) = (1 << 20, (1 << 20) - 100);
    bomb.length = 1 << 30;
    refused(&bomb);
    let mut short = index.clone();
    short.blocks[0].stored = 3;
    refused(&short);
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << (at % 8);
        // Blocks have checksums of their own.
        let block = 4096 + PACK_HEAD..4096 + PACK_HEAD + 4;
        assert!(
            Index::read(&damaged, 4096).is_err() || block.contains(&at),
            "{at}"
        );
        let _ = Index::read(&whole[..at], 4096).expect_err("a cut");
    }
}

/// A block whose streams all claim as much as any of them may.
fn claiming(words: usize) -> Vec<u8> {
    let mut zstd = Squeeze::new().expect("memory");
    let mut out = vec![1];
    layout().put(&mut out);
    put_number(words as u64, &mut out);
    let zeros = vec![0; words];
    zstd.put(&zeros, &mut out).expect("memory");
    for _ in 0..layout().columns.len() {
        put_number((1 << STREAMS) - 1, &mut out);
        for _ in 0..STREAMS {
            zstd.put(&zeros, &mut out).expect("memory");
        }
    }
    out
}

#[test]
fn streams_that_claim_more_than_their_words_have_are_refused() {
    let words = 1 << 16;
    let fault = unpack(&claiming(words), words * 8).expect_err("a bomb");
    assert_eq!(fault.0, "a run of at most 0 bytes, found one of 65536");
}

#[test]
fn a_block_with_any_byte_changed_is_refused_or_is_another_of_its_length() {
    let mut random = 7_u64;
    let words =
        (0..300_u64).map(|at| ((at % 4) << 48 | at, [at, 3 * at, random_word(&mut random)]));
    let events: Vec<(u8, Vec<u64>)> = words
        .map(|(first, rest)| (3, [vec![first], rest.to_vec()].concat()))
        .collect();
    let (plain, stored) = packed(&events);
    assert_eq!(unpack(&stored, plain.len()).as_ref(), Ok(&plain));
    for at in 0..stored.len() {
        for bits in [1, 0x40, 0x80, 0xff] {
            let mut changed = stored.clone();
            changed[at] ^= bits;
            if let Ok(bytes) = unpack(&changed, plain.len()) {
                assert_eq!(bytes.len(), plain.len());
            }
        }
        assert!(unpack(&stored[..at], plain.len()).is_err(), "cut at {at}");
    }
}

fn random_word(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}
