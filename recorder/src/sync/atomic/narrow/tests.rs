//! Whether versions are exact where they pass the bits that stand beside the
//! value: threads operate and keep books, which are compared.

use std::collections::HashMap;
use std::sync::atomic::AtomicU32;

use super::*;
use crate::primitive::AtomicU8;
use crate::sync::atomic::native::Native;

/// Six bytes: two are left for the version, so that it comes around every
/// 32,768 writes. Only its size and its bits are asked for.
struct Six {
    _bytes: [AtomicU8; 6],
}

impl Native for Six {
    type Value = u64;

    fn bits(&self, _: Ordering) -> u64 {
        0
    }

    fn to_bits(value: u64) -> u64 {
        value
    }

    fn from_bits(bits: u64) -> u64 {
        bits
    }

    fn value_mut(&mut self) -> &mut u64 {
        unreachable!("nobody asks for it")
    }
}

impl Small for Six {
    type Version = [AtomicU8; 2];
    #[allow(clippy::declare_interior_mutable_const, reason = "as of all others")]
    const UNWRITTEN: Self::Version = [AtomicU8::new(1), AtomicU8::new(0)];
}

fn six() -> Narrow<Six> {
    let narrow = Narrow::new(Six {
        _bytes: [const { AtomicU8::new(0) }; 6],
    });
    narrow.drawn(5);
    narrow
}

/// What an operation read and, if it is a write, wrote: versions and
/// values.
type Step = (Option<(u64, u64)>, Option<(u64, u64)>);

/// The version that was written, as an event tells it.
fn told<A: Small>(narrow: &Narrow<A>, written: Seen) -> Option<u64> {
    Narrow::<A>::code(written.tag)
        .and_then(|code| narrow.brief_written(written, code))
        .map_or_else(
            || narrow.written(written),
            |second| Some(second >> OBJECT_BITS),
        )
}

/// The version now, as an event tells it, and the value.
fn read<A: Small>(narrow: &Narrow<A>) -> (u64, u64) {
    let seen = narrow.read_again(Ordering::Relaxed);
    let version = Narrow::<A>::version(seen);
    let second = narrow.brief(seen).map(|second| second >> OBJECT_BITS);
    assert_eq!(second.unwrap_or(version), version);
    (version, Narrow::<A>::bits(seen))
}

/// Operations of one thread: sums, exchanges, loads. Values are unique but
/// for sums, whose values are the atomic's business.
fn operate<A: Small>(narrow: &Narrow<A>, rounds: u64, seed: u64) -> Vec<Step> {
    let bits = u64::MAX >> Narrow::<A>::SHIFT;
    let mut random = seed;
    let mut steps = Vec::new();
    for _ in 0..rounds {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let value = random & bits;
        steps.push(match random >> 60 {
            0..8 => {
                let (old, written) = narrow.add(narrow.tag(), Ordering::AcqRel, value);
                let version = told(narrow, written);
                let new = old.wrapping_add(value) & bits;
                let read = version.map(|version| (version - 1, old));
                (read, version.map(|version| (version, new)))
            }
            8..12 => {
                let (old, written) = narrow.update(narrow.tag(), Ordering::Relaxed, |_| value);
                let version = told(narrow, written);
                let read = version.map(|version| (version - 1, old));
                (read, version.map(|version| (version, value)))
            }
            _ => (Some(read(narrow)), None),
        });
    }
    steps
}

/// Lets threads operate, and compares their books: which version bore
/// which value. Returns how many writes could not be told.
fn compare<A: Small + Sync>(narrow: &Narrow<A>, rounds: u64, seed: u64) -> usize
where
    A::Version: Sync,
{
    let (before, first) = read(narrow);
    let books: Vec<Vec<Step>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (1..=4)
            .map(|thread| scope.spawn(move || operate(narrow, rounds, seed + thread)))
            .collect();
        let done = threads.into_iter().map(|thread| thread.join());
        done.map(|steps| steps.expect("no panic")).collect()
    });
    let mut written = HashMap::from([(before, first)]);
    let mut untold = 0;
    for (_, write) in books.iter().flatten() {
        if let Some((version, value)) = write {
            let other = written.insert(*version, *value);
            assert_eq!(other, None, "two writes have version {version}");
        }
    }
    let (last, _) = read(narrow);
    let missing: Vec<u64> = (before..=last)
        .filter(|version| !written.contains_key(version))
        .collect();
    for steps in &books {
        let mut reached = before;
        for (read, write) in steps {
            let Some((version, value)) = read else {
                untold += 1;
                continue;
            };
            assert!(*version >= reached, "{version} after {reached}");
            reached = write.map_or(*version, |(version, _)| version);
            if !missing.contains(version) {
                assert_eq!(written.get(version), Some(value), "version {version}");
            }
        }
    }
    assert_eq!(missing.len(), untold, "each write has its version");
    untold
}

#[test]
fn versions_of_four_bytes_pass_their_bits_exactly() {
    for around in [1, 2, 3, 1 << 11, (1 << 12) - 1, 1 << 12, 1 << 20] {
        let mut narrow: Narrow<AtomicU32> = Narrow::new(AtomicU32::new(7));
        narrow.age((around << 31) - 20_000);
        narrow.drawn(0xf_fffd);
        assert_eq!(compare(&narrow, 20_000, 0x9e37_79b9_7f4a_7c15), 0);
        assert!(read(&narrow).0 > around << 31);
    }
}

#[test]
fn versions_of_two_bytes_come_around_again_and_again() {
    let narrow = six();
    let mut untold = 0;
    for seed in 1..=5 {
        untold += compare(&narrow, 40_000, seed << 40 | seed);
    }
    let (version, _) = read(&narrow);
    assert!(version > 10 << 15, "it came around, at {version}");
    // Where a thread was put off for 32,000 writes: a few, and they say so.
    assert!(untold < 20_000, "{untold} writes have no version");
}

#[test]
fn the_version_never_carries_into_the_value() {
    let mut narrow: Narrow<AtomicU32> = Narrow::new(AtomicU32::new(u32::MAX));
    narrow.age((1 << 31) - 3);
    for round in 0..6 {
        let (old, written) = narrow.add(narrow.tag(), Ordering::Relaxed, 1);
        let version = told(&narrow, written);
        assert_eq!(old as u32, u32::MAX.wrapping_add(round));
        assert_eq!(version, Some((1 << 31) - 2 + u64::from(round)));
    }
    assert_eq!(read(&narrow), ((1 << 31) + 3, 5));
}

#[test]
fn a_thread_that_slept_too_long_does_not_guess() {
    let mut narrow: Narrow<AtomicU32> = Narrow::new(AtomicU32::new(0));
    let before = narrow.glance(narrow.tag());
    narrow.age((1 << 31) - (1 << 26));
    assert_eq!(narrow.written(before), Some(0), "still one answer");
    narrow.age((1 << 31) + 1);
    assert_eq!(narrow.written(before), None, "0 or 2^31");
}
