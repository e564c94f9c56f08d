//! A value of eight bytes with its version: sixteen bytes, which every write
//! exchanges at once.
//!
//! **A load** reads the version, the value, and the version again. Versions
//! only grow, and no write changes one of both alone. So if both are the same,
//! there was no write in between, and the value is that version's. Else some
//! other thread has made progress, and the load does it by an exchange that
//! changes nothing.
//!
//! The value stands where std's atomic of it stands, in front: a process that
//! does not record uses that one and never looks at the version.
#![allow(unsafe_code)] // The sixteen bytes as one.

use std::sync::atomic::Ordering;

use hbtrace_traces::format::words::{COMPACT_NUMBERS, OBJECT_BITS};

use super::native::Native;
use super::order::acquiring_load;
use super::pair;
use super::versioned::{Versioned, code};
use crate::object::Object;
use crate::primitive::AtomicU64;

/// A std atomic of eight bytes and what belongs to it, within one cache line.
#[repr(C, align(32))]
pub(super) struct Wide<A> {
    pub(super) value: A,
    version: AtomicU64,
    /// Stands for both in models, where the value is 0 at first: loom knows no
    /// access to a part. The version is its upper half.
    #[cfg(loom)]
    both: AtomicU64,
    object: Object,
}

/// Versions from here on are told in full.
const NEAR: u64 = COMPACT_NUMBERS >> 1;

impl<A> Wide<A> {
    /// Version 0 is `value`.
    #[track_caller]
    pub(super) const fn new(value: A) -> Wide<A> {
        const { assert!(size_of::<A>() == 8 && align_of::<A>() == 8) };
        Wide {
            value,
            version: AtomicU64::new(0),
            #[cfg(loom)]
            both: AtomicU64::new(0),
            object: Object::new(),
        }
    }
}

#[cfg(loom)]
impl<A: Native> Wide<A> {
    fn version_now(&self, order: Ordering) -> u64 {
        self.both.load(order) >> 32
    }

    fn value_now(&self, order: Ordering) -> u64 {
        self.both.load(order) & u64::from(u32::MAX)
    }

    fn exchange(&self, old: pair::Words, new: pair::Words) -> Result<(), pair::Words> {
        let join = |words: pair::Words| words.0 | words.1 << 32;
        let split = |both: u64| (both & u64::from(u32::MAX), both >> 32);
        // SeqCst, both: what the instruction is.
        self.both
            .compare_exchange(join(old), join(new), Ordering::SeqCst, Ordering::SeqCst)
            .map(|_| ())
            .map_err(split)
    }
}

#[cfg(not(loom))]
impl<A: Native> Wide<A> {
    #[inline(always)]
    fn version_now(&self, order: Ordering) -> u64 {
        self.version.load(order)
    }

    #[inline(always)]
    fn value_now(&self, order: Ordering) -> u64 {
        self.value.bits(order)
    }

    #[inline(always)]
    fn exchange(&self, old: pair::Words, new: pair::Words) -> Result<(), pair::Words> {
        let at = std::ptr::from_ref(self).cast_mut().cast::<u128>();
        // SAFETY: the first sixteen bytes, aligned to more, are two atomics. A
        // process whose machine can't do it is never told to record, and else
        // does not come here (`native::is_off`).
        unsafe { pair::exchange(at, old, new) }
    }
}

impl<A: Native> Versioned for Wide<A> {
    type Native = A;
    /// Bits and version.
    type Seen = (u64, u64);

    fn native(&self) -> &A {
        &self.value
    }

    fn native_mut(&mut self) -> &mut A {
        &mut self.value
    }

    fn object(&self) -> &Object {
        &self.object
    }

    fn drawn(&self, _: u32) {}

    /// The object's id, plus 1; 0 where versions are too large for a compact
    /// event.
    #[inline(always)]
    fn tag(&self) -> u64 {
        // Relaxed: they grow, and there is room behind the limit.
        match self.version_now(Ordering::Relaxed) {
            ..NEAR => u64::from(self.object.drawn()),
            _ => 0,
        }
    }

    #[inline(always)]
    fn code(tag: u64) -> Option<u64> {
        code(tag)
    }

    #[inline(always)]
    fn bits(seen: (u64, u64)) -> u64 {
        seen.0
    }

    #[inline(always)]
    fn glance(&self, _: u64) -> (u64, u64) {
        // Relaxed, both: a guess, which the exchange makes sure of.
        let bits = self.value_now(Ordering::Relaxed);
        (bits, self.version_now(Ordering::Relaxed))
    }

    #[inline(always)]
    fn read(&self, _: u64, order: Ordering) -> Option<(u64, u64)> {
        // Acquire, and at least that for the value: the three loads keep their
        // order. The versions pair with the exchange, which is stronger.
        let before = self.version_now(Ordering::Acquire);
        let bits = self.value_now(acquiring_load(order));
        let still = self.version_now(Ordering::Relaxed) == before;
        still.then_some((bits, before))
    }

    /// By an exchange that changes nothing.
    #[cold]
    #[inline(never)]
    fn read_again(&self, _: Ordering) -> (u64, u64) {
        self.exchange((0, 0), (0, 0)).err().unwrap_or((0, 0))
    }

    #[inline(always)]
    fn replace(&self, seen: (u64, u64), bits: u64, _: Ordering) -> Result<(u64, u64), (u64, u64)> {
        // The exchange is as strong as any order that may be asked for.
        let new = (bits, seen.1 + 1);
        self.exchange(seen, new).map(|()| new)
    }

    #[inline(always)]
    fn marks(&self, seen: (u64, u64)) -> [u64; 2] {
        [seen.1, u64::from(self.object.drawn())]
    }

    /// The value is no older than the one that this thread saw last, and no
    /// newer than the version behind it.
    #[inline(always)]
    fn poll(&self, order: Ordering) -> (u64, [u64; 2]) {
        // At least Acquire: the version is looked at after it.
        let bits = self.value_now(acquiring_load(order));
        let version = self.version_now(Ordering::Relaxed);
        (bits, self.marks((bits, version)))
    }

    #[inline(always)]
    fn version(seen: (u64, u64)) -> u64 {
        seen.1
    }

    #[inline(always)]
    fn brief(&self, seen: (u64, u64)) -> Option<u64> {
        let code = code(u64::from(self.object.drawn()))?;
        self.brief_written(seen, code)
    }

    fn written(&self, new: (u64, u64)) -> Option<u64> {
        Some(new.1)
    }

    #[inline(always)]
    fn brief_written(&self, new: (u64, u64), code: u64) -> Option<u64> {
        (new.1 < COMPACT_NUMBERS).then_some(new.1 << OBJECT_BITS | code)
    }
}

#[cfg(all(test, loom))]
mod models;
