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
    /// Stands for both in models, where the value is 0 at first.
    #[cfg(loom)]
    word: AtomicU64,
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
    const SHIFT: u32 = match cfg!(loom) {
        false => 64 - 8 * size_of::<A>() as u32,
        // Models pass the guard within a few writes.
        true => 5,
    };
    const GUARD: u64 = 1 << (Self::SHIFT - 1);
    const VERSION: u64 = Self::GUARD - 1;
    const STRIDE: u64 = match Self::GUARD >> 7 {
        _ if cfg!(loom) => 4,
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
            #[cfg(loom)]
            word: AtomicU64::new(1),
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

    #[cfg(loom)]
    fn word(&self) -> &AtomicU64 {
        &self.word
    }

    #[cfg(not(loom))]
    #[inline(always)]
    fn word(&self) -> &AtomicU64 {
        let at = std::ptr::from_ref(self).cast::<AtomicU64>();
        // SAFETY: the first eight bytes, aligned to more, are atomics that fill
        // them (asserted in `new`). A process touches either the word, or, if
        // it does not record, the value alone (`native::is_off`).
        unsafe { &*at }
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
        let version = version.unwrap_or_else(|| Self::version(self.read_again(Ordering::Acquire)));
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
    fn tag(&self) -> u64 {
        // Acquire: the word that is read next is no older than the hint.
        self.tag.load(Ordering::Acquire)
    }

    #[inline(always)]
    fn code(tag: u64) -> Option<u64> {
        let code = tag & OBJECT_MASK;
        (code != 0).then_some(code)
    }

    #[inline(always)]
    fn bits(seen: Seen) -> u64 {
        seen.word >> Self::SHIFT
    }

    #[inline(always)]
    fn glance(&self, tag: u64) -> Seen {
        // Relaxed: a guess, which the exchange makes sure of.
        let word = self.word().load(Ordering::Relaxed);
        Seen { word, tag }
    }

    #[inline(always)]
    fn read(&self, tag: u64, order: Ordering) -> Option<Seen> {
        // At least Acquire: the tag is looked at again after it.
        let word = self.word().load(acquiring_load(order));
        (self.tag_after() == tag).then_some(Seen { word, tag })
    }

    #[cold]
    #[inline(never)]
    fn read_again(&self, order: Ordering) -> Seen {
        loop {
            if let Some(seen) = self.read(self.tag(), order) {
                return seen;
            }
        }
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
    fn add(&self, tag: u64, order: Ordering, by: u64) -> (u64, Seen) {
        // At least Acquire: the tag is looked at again after it.
        let step = by << Self::SHIFT | 1;
        let old = self.word().fetch_add(step, acquiring(order));
        let word = old.wrapping_add(step);
        if word & Self::GUARD != 0 {
            self.unguard();
        }
        (old >> Self::SHIFT, Seen { word, tag })
    }

    /// Word and tag: while these are the same, and the version is no lower, it
    /// lies within two strides of the same hint and is the same modulo `P`. A
    /// tag with an id names the object.
    #[inline(always)]
    fn marks(&self, seen: Seen) -> [u64; 2] {
        [seen.word, seen.tag]
    }

    #[inline(always)]
    fn poll(&self, order: Ordering) -> (u64, [u64; 2]) {
        // At least Acquire: the tag is looked at after it.
        let word = self.word().load(acquiring_load(order));
        (word >> Self::SHIFT, [word, self.tag_after()])
    }

    #[inline(always)]
    fn version(seen: Seen) -> u64 {
        let hint = hint(seen.tag);
        hint + (seen.word.wrapping_sub(1).wrapping_sub(hint) & Self::VERSION)
    }

    #[inline(always)]
    fn brief(&self, seen: Seen) -> Option<u64> {
        Self::code(seen.tag).map(|_| seen.tag.wrapping_add(Self::ahead(seen)))
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
    fn brief_written(&self, new: Seen, _: u64) -> Option<u64> {
        let ahead = Self::ahead(new);
        let usual = self.tag_after() == new.tag && ahead < Self::STRIDE << OBJECT_BITS;
        usual.then(|| new.tag.wrapping_add(ahead))
    }
}

#[cfg(all(test, loom))]
mod models;
#[cfg(all(test, not(loom)))]
mod tests;
