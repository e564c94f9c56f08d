//! A value of up to four bytes with its version: eight bytes, which move as
//! one.
//!
//! ```text
//! bit 0                                  SHIFT-1      SHIFT             64
//! +--------------------------------------+-----------+-----------------+
//! | version + 1, modulo GUARD            | guard bit |           value |
//! +--------------------------------------+-----------+-----------------+
//! ```
//!
//! The value stands on top, where std's atomic of it stands in memory: so a
//! process that does not record uses that one, a sum that overflows is cut off
//! as it should be, and `fetch_add` is *one* addition, of `delta << SHIFT | 1`.
//!
//! # Versions don't wrap
//!
//! 31 bits are passed within seconds. What must not happen is that the version
//! carries into the value, and that two writes have the same version in a
//! trace. With `P` the GUARD, 2^31 for four bytes:
//!
//! - **No carry.** A write that leaves the guard bit set takes it away, before
//!   it does anything else, by exchanges of the word as it finds it until the
//!   bit is clear. So every write that was made while the bit stood belongs to
//!   an operation that is still under way, of which a thread has one (and one
//!   more for each signal handler within it): `P` of them would have to be
//!   under way at once for a carry.
//! - **The full version.** The *hint* is a full version that was once current,
//!   and grows. Every write whose version is `STRIDE` or more ahead of the hint
//!   raises it, before it ends. So all versions ahead of `hint + STRIDE` belong
//!   to operations under way, and the newest is less than `hint + STRIDE + N`
//!   with `N` of them, far below `hint + 2 * STRIDE`. An operation reads the
//!   hint before it touches the word (`h`) and again after it (`k`). The
//!   version that it met was current in between, so it is at least `h` and less
//!   than `k + 2 * STRIDE`. While `k - h` is at most `P - 2 * STRIDE`, there is
//!   only one number in that range that is the word's modulo `P`. Nearly always
//!   `k` is `h`.
//! - **A thread that sleeps** between those two reads for longer than that
//!   (`P - 2 * STRIDE` writes by others, seconds at full speed) can't know. A
//!   load tries again. A write is made already: its event stays *pending* and
//!   counts as lost, so that nothing behind it is relied upon. It is not
//!   guessed.
//!
//! For one and two bytes the same holds with `P` at 2^55 and 2^47.
//!
//! # The tag
//!
//! The hint stands beside the object's id in one word, the *tag*, as a compact
//! event's second word holds a version beside an object: so that word is the
//! tag plus how far the version is ahead of it. A tag without an id (not drawn
//! yet, or too large) has zero in its place, and so has a *far* one, with the
//! top bit set, whose versions are too large for compact events (from 2^43 on,
//! half a day of additions): these are told in full.
#![allow(unsafe_code)] // The eight bytes as one.

use std::sync::atomic::Ordering;

use hbtrace_traces::format::words::{OBJECT_BITS, OBJECT_MASK};

use super::native::Small;
use super::order::{acquiring, acquiring_load};
use super::versioned::{Versioned, code};
use crate::object::Object;
use crate::primitive::AtomicU64;

/// A std atomic of four bytes or less and what belongs to it, within one cache
/// line.
#[repr(C, align(32))]
pub(super) struct Narrow<A: Small> {
    /// The word's lower bytes; nobody looks at them alone.
    version: A::Version,
    pub(super) value: A,
    tag: AtomicU64,
    object: Object,
}

/// Value and version as they stood there, and the tag before.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    word: u64,
    tag: u64,
}

/// Set in a far tag.
const FAR: u64 = 1 << 63;
/// Hints from here on are far.
const NEAR: u64 = 1 << 43;
/// Lowest bits of a far hint that are dropped. (It stays a version that was
/// current once, and close enough.)
const DROPPED: u32 = 13;

/// The hint in a tag.
#[inline(always)]
const fn hint(tag: u64) -> u64 {
    match tag & FAR {
        0 => tag >> OBJECT_BITS,
        _ => (tag & !FAR) >> OBJECT_BITS << DROPPED,
    }
}

/// A tag with this hint instead.
fn raised(tag: u64, hint: u64) -> u64 {
    match hint {
        ..NEAR => hint << OBJECT_BITS | tag & OBJECT_MASK,
        _ => FAR | hint >> DROPPED << OBJECT_BITS,
    }
}

impl<A: Small> Narrow<A> {
    const SHIFT: u32 = 64 - 8 * size_of::<A>() as u32;
    const GUARD: u64 = 1 << (Self::SHIFT - 1);
    const VERSION: u64 = Self::GUARD - 1;
    const STRIDE: u64 = match Self::GUARD >> 7 {
        stride @ ..0x100_0000_0000 => stride,
        _ => 0x100_0000_0000,
    };

    /// Version 0 is `value`.
    #[track_caller]
    pub(super) const fn new(value: A) -> Narrow<A> {
        const { assert!(size_of::<A::Version>() + size_of::<A>() == 8) };
        Narrow {
            version: A::UNWRITTEN,
            value,
            tag: AtomicU64::new(0),
            object: Object::new(),
        }
    }

    /// As if the value had been written so many times before.
    pub(super) fn age(&mut self, writes: u64) {
        *self.tag.get_mut() = raised(0, writes);
        // Relaxed: the caller has it alone.
        let word = self.word().load(Ordering::Relaxed) & !Self::VERSION;
        let version = writes.wrapping_add(1) & Self::VERSION;
        self.word().store(word | version, Ordering::Relaxed);
    }

    #[inline(always)]
    fn word(&self) -> &AtomicU64 {
        let at = std::ptr::from_ref(self).cast::<AtomicU64>();
        // SAFETY: the first eight bytes, aligned to more, are atomics that fill
        // them (asserted in `new`). A process touches either the word, or, if
        // it does not record, the value alone (`native::is_off`).
        unsafe { &*at }
    }

    /// The tag, before the word is touched.
    #[inline(always)]
    fn tag(&self) -> u64 {
        // Acquire: the word that is read next is no older than the hint.
        self.tag.load(Ordering::Acquire)
    }

    /// The tag, after the word was touched.
    #[inline(always)]
    fn tag_after(&self) -> u64 {
        // Relaxed: every look at the word is an acquire at least.
        self.tag.load(Ordering::Relaxed)
    }

    /// How far the word's version is ahead of the hint, as a compact event's
    /// second word holds it, of a tag with an id: what stands beside the hint
    /// borrows one, which the word counts more.
    #[inline(always)]
    fn ahead(seen: Seen) -> u64 {
        let word = seen.word << OBJECT_BITS;
        word.wrapping_sub(seen.tag) & Self::VERSION << OBJECT_BITS
    }

    /// Raises the hint to a version, or to that of now.
    #[cold]
    fn raise(&self, version: Option<u64>) {
        let version = version.unwrap_or_else(|| Self::version(self.read(Ordering::Acquire)));
        // Release: whoever reads it finds this version or a later one. Relaxed:
        // only the tag itself is looked at.
        let _ = self
            .tag
            .fetch_update(Ordering::Release, Ordering::Relaxed, |tag| {
                (hint(tag) < version).then(|| raised(tag, version))
            });
    }

    /// Takes the guard bit away.
    #[cold]
    #[inline(never)]
    fn unguard(&self) {
        // Relaxed, all: the word stays what it was, as does its version.
        let clear = |word| (word & Self::GUARD != 0).then_some(word & !Self::GUARD);
        let _ = self
            .word()
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, clear);
    }

    /// Reads the word while the tag stands still.
    #[cold]
    #[inline(never)]
    fn read_again(&self, order: Ordering) -> Seen {
        loop {
            let tag = self.tag();
            let word = self.word().load(acquiring_load(order));
            if self.tag_after() == tag {
                return Seen { word, tag };
            }
        }
    }
}

impl<A: Small> Versioned for Narrow<A> {
    type Native = A;
    type Seen = Seen;

    fn native(&self) -> &A {
        &self.value
    }

    fn native_mut(&mut self) -> &mut A {
        &mut self.value
    }

    fn object(&self) -> &Object {
        &self.object
    }

    fn drawn(&self, id: u32) {
        let Some(code) = code(u64::from(id) + 1) else {
            return;
        };
        // Relaxed, both: an id publishes nothing, and the hint stays.
        let _ = self
            .tag
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tag| {
                (tag & (FAR | OBJECT_MASK) == 0).then_some(tag | code)
            });
    }

    #[inline(always)]
    fn code(&self) -> Option<u64> {
        // Relaxed: the id publishes nothing.
        let code = self.tag.load(Ordering::Relaxed) & OBJECT_MASK;
        (code != 0).then_some(code)
    }

    #[inline(always)]
    fn bits(seen: Seen) -> u64 {
        seen.word >> Self::SHIFT
    }

    #[inline(always)]
    fn glance(&self) -> Seen {
        let tag = self.tag();
        // Relaxed: a guess, which the exchange makes sure of.
        let word = self.word().load(Ordering::Relaxed);
        Seen { word, tag }
    }

    #[inline(always)]
    fn read(&self, order: Ordering) -> Seen {
        let tag = self.tag();
        // At least Acquire: the tag is looked at again after it.
        let word = self.word().load(acquiring_load(order));
        if self.tag_after() == tag {
            return Seen { word, tag };
        }
        self.read_again(order)
    }

    #[inline(always)]
    fn replace(&self, seen: Seen, bits: u64, order: Ordering) -> Result<Seen, Seen> {
        let Seen { word, tag } = seen;
        let version = word.wrapping_add(1) & Self::VERSION;
        let new = bits << Self::SHIFT | version;
        // At least Acquire: the tag is looked at again after it. Relaxed: a
        // failed round reads nothing but the next guess.
        self.word()
            .compare_exchange_weak(word, new, acquiring(order), Ordering::Relaxed)
            .map(|_| Seen { word: new, tag })
            .map_err(|word| Seen { word, tag })
    }

    #[inline(always)]
    fn add(&self, by: u64, order: Ordering) -> (u64, Seen) {
        let tag = self.tag();
        // At least Acquire: the tag is looked at again after it.
        let step = by << Self::SHIFT | 1;
        let old = self.word().fetch_add(step, acquiring(order));
        let word = old.wrapping_add(step);
        if word & Self::GUARD != 0 {
            self.unguard();
        }
        (old >> Self::SHIFT, Seen { word, tag })
    }

    #[inline(always)]
    fn version(seen: Seen) -> u64 {
        let hint = hint(seen.tag);
        hint + (seen.word.wrapping_sub(1).wrapping_sub(hint) & Self::VERSION)
    }

    #[inline(always)]
    fn brief(&self, seen: Seen) -> Option<u64> {
        (seen.tag & OBJECT_MASK != 0).then(|| seen.tag.wrapping_add(Self::ahead(seen)))
    }

    fn written(&self, new: Seen) -> Option<u64> {
        let (before, now) = (hint(new.tag), hint(self.tag_after()));
        let known = now - before <= Self::GUARD - 2 * Self::STRIDE;
        let version = known.then(|| Self::version(new));
        if version.is_none_or(|version| version - before >= Self::STRIDE) {
            self.raise(version);
        }
        version
    }

    #[inline(always)]
    fn brief_written(&self, new: Seen) -> Option<u64> {
        let near = Self::ahead(new) < Self::STRIDE << OBJECT_BITS;
        let usual = near && self.tag_after() == new.tag;
        self.brief(new).filter(|_| usual)
    }
}

#[cfg(test)]
mod tests {
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
        match narrow.brief_written(written) {
            Some(second) => Some(second >> OBJECT_BITS),
            None => narrow.written(written),
        }
    }

    /// The version now, as an event tells it, and the value.
    fn read<A: Small>(narrow: &Narrow<A>) -> (u64, u64) {
        let seen = narrow.read(Ordering::Relaxed);
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
                    let (old, written) = narrow.add(value, Ordering::AcqRel);
                    let version = told(narrow, written);
                    let new = old.wrapping_add(value) & bits;
                    let read = version.map(|version| (version - 1, old));
                    (read, version.map(|version| (version, new)))
                }
                8..12 => {
                    let (old, written) = narrow.update(Ordering::Relaxed, |_| value);
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
            let (old, written) = narrow.add(1, Ordering::Relaxed);
            let version = told(&narrow, written);
            assert_eq!(old as u32, u32::MAX.wrapping_add(round));
            assert_eq!(version, Some((1 << 31) - 2 + u64::from(round)));
        }
        assert_eq!(read(&narrow), ((1 << 31) + 3, 5));
    }

    #[test]
    fn a_thread_that_slept_too_long_does_not_guess() {
        let mut narrow: Narrow<AtomicU32> = Narrow::new(AtomicU32::new(0));
        let before = narrow.glance();
        narrow.age((1 << 31) - (1 << 26));
        assert_eq!(narrow.written(before), Some(0), "still one answer");
        narrow.age((1 << 31) + 1);
        assert_eq!(narrow.written(before), None, "0 or 2^31");
    }
}
