//! The queue behind channels: a list of blocks of places, for any number of
//! senders and one receiver.
//!
//! **The model.** Places are numbered from 1 and are claimed in order, each by
//! one send; the receiver takes them in order. So a message's number is its
//! place, and it need not travel with the value.
//!
//! **The protocol.** `tail` counts the claimed places. A sender claims one by an
//! exchange of `tail`, records its send, and [puts](Claimed::put) the value in:
//! the place's state is what publishes it. Who claims the last place of a block
//! flags `tail` as `LINKING` and links the next block before anyone claims
//! again. The receiver reads the state of its next place and nothing else, and
//! gives a block away when it has taken all of it: each sender touches its block
//! for the last time as it puts its value in, and touches none before it has
//! claimed. One block that was given away is kept, to be linked again.
//!
//! **Waiting.** Before the receiver sleeps, it flags `tail` as `AWAITED`, if
//! nothing is claimed that it has not taken. Whoever claims the next place takes
//! the flag away, and rings the bell when the place is filled. The one word
//! decides who was first, so no wake-up is lost and none is made twice.
//!
//! **Ends.** The last sender claims a place for `END`, which nothing follows.
//! The receiver flags `tail` as `GONE`, after which nothing is claimed; it then
//! takes what was claimed before, up to the `end` that it says before it goes.
//! What is beyond, its senders take back.
#![allow(unsafe_code)] // Places that one thread at a time owns.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::ptr;

use crate::primitive::{
    self, Apart, Arc, AtomicU32, AtomicU64, AtomicUsize, Backoff, Link, Ordering,
};

mod block;
mod taker;

use block::{Block, Slot};

pub(super) use taker::{Message, Nothing, Taker};

/// Places of a block.
const LAP: u64 = if cfg!(loom) { 2 } else { 32 };

/// How often who waits looks again, more and more seldom and in the end letting
/// others run, before it sleeps.
pub(super) const LOOKS: u32 = if cfg!(loom) { 0 } else { 7 };

/// The receiver is gone.
const GONE: u64 = 1;
/// The next block is being linked.
const LINKING: u64 = 2;
/// The receiver sleeps, and nothing is claimed that it has not taken.
const AWAITED: u64 = 4;
/// One more place is claimed.
const ONE: u64 = 8;

/// Nothing is in the place yet.
const EMPTY: u8 = 0;
/// No sender is left.
const END: u8 = 2;
/// A message whose send was not recorded.
const FULL: u8 = 4;
/// Added to [`FULL`]: its send was recorded.
const TOLD: u8 = 1;

/// What both halves share; `H` is what the channel has besides.
pub(super) struct List<T, H> {
    /// [`GONE`], [`LINKING`], [`AWAITED`], and above them how many places are
    /// claimed.
    tail: Apart<AtomicU64>,
    /// The block of the next place to be claimed, unless it is being linked.
    block: Link<Block<T>>,
    senders: AtomicUsize,
    /// Counts how often a sleeping receiver was woken, which waits for it.
    bell: AtomicU32,
    /// An empty block to be linked next, or null.
    spare: Link<Block<T>>,
    /// The places that the receiver takes, once it is gone.
    end: AtomicU64,
    /// The first block that is left, once the receiver is gone.
    left: Link<Block<T>>,
    pub(super) beside: H,
}

// SAFETY: values go from one thread to another, one at a time; nobody refers to
// one that is in the list.
unsafe impl<T: Send, H: Send> Send for List<T, H> {}
// SAFETY: as above.
unsafe impl<T: Send, H: Sync> Sync for List<T, H> {}
impl<T, H> UnwindSafe for List<T, H> {}
impl<T, H> RefUnwindSafe for List<T, H> {}

/// A place that a sender has claimed, and has to fill.
#[must_use]
pub(super) struct Claimed<'a, T, H> {
    list: &'a List<T, H>,
    slot: *const Slot<T>,
    /// The number of its message.
    pub(super) number: u64,
    /// The receiver sleeps until it is filled.
    pub(super) awaited: bool,
}

/// A place that its sender has filled.
pub(super) struct Filled<'a, T, H> {
    list: &'a List<T, H>,
    slot: *const Slot<T>,
    number: u64,
}

/// Why no place was claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There is no room for it.
    Full,
    /// The receiver is gone.
    Gone,
}

/// An empty list with one sender, and its taker.
pub(super) fn list<T, H>(beside: H) -> (Arc<List<T, H>>, Taker<T, H>) {
    let block = Block::new();
    let list = Arc::new(List {
        tail: Apart(AtomicU64::new(0)),
        block: Link::new(block),
        senders: AtomicUsize::new(1),
        bell: AtomicU32::new(0),
        spare: Link::new(ptr::null_mut()),
        end: AtomicU64::new(0),
        left: Link::new(ptr::null_mut()),
        beside,
    });
    let taker = Taker::new(Arc::clone(&list), block);
    (list, taker)
}

impl<T, H> List<T, H> {
    /// Claims the next place. `None`: the receiver is gone.
    #[inline(always)]
    pub(super) fn claim(&self) -> Option<Claimed<'_, T, H>> {
        self.claim_if(|_| true).ok()
    }

    /// Claims the next place, if there is room for the message of its number.
    #[inline(always)]
    pub(super) fn claim_if(
        &self,
        has_room: impl Fn(u64) -> bool,
    ) -> Result<Claimed<'_, T, H>, Refusal> {
        // Acquire: pairs with the release of whoever linked the block.
        let tail = self.tail.load(Ordering::Acquire);
        if tail & (GONE | LINKING | AWAITED) != 0 || tail / ONE % LAP == LAP - 1 {
            return self.claim_slowly(has_room);
        }
        if !has_room(tail / ONE + 1) {
            return Err(Refusal::Full);
        }
        match self.advance(tail, tail + ONE) {
            Some(claimed) => Ok(claimed),
            None => self.claim_slowly(has_room),
        }
    }

    /// As [`claim_if`](List::claim_if), where others claim at once, a block ends
    /// or the receiver sleeps.
    #[cold]
    #[inline(never)]
    fn claim_slowly(&self, has_room: impl Fn(u64) -> bool) -> Result<Claimed<'_, T, H>, Refusal> {
        let mut backoff = Backoff::default();
        loop {
            // Acquire: as in `claim_if`; and for GONE it pairs with `close`.
            let tail = self.tail.load(Ordering::Acquire);
            if tail & GONE != 0 {
                return Err(Refusal::Gone);
            }
            if !has_room(tail / ONE + 1) {
                return Err(Refusal::Full);
            }
            let is_last = tail / ONE % LAP == LAP - 1;
            let next = (tail & !AWAITED) + ONE;
            let claimed = match tail & LINKING {
                0 if is_last => self.advance(tail, next + LINKING),
                0 => self.advance(tail, next),
                _ => None,
            };
            match claimed {
                Some(claimed) if is_last => {
                    self.link();
                    return Ok(claimed);
                }
                Some(claimed) => return Ok(claimed),
                None => backoff.pause(),
            }
        }
    }

    /// Claims the place behind `tail`, if that is still what it was.
    #[inline(always)]
    fn advance(&self, tail: u64, next: u64) -> Option<Claimed<'_, T, H>> {
        // Relaxed: it is the block of `tail`, or the exchange fails. `tail` was
        // acquired, and a later block is stored after a later exchange.
        let block = self.block.load(Ordering::Relaxed);
        // AcqRel: a release, so that what is stored after a later exchange is
        // not read above; an acquire, for the sender that ends the list.
        self.tail
            .compare_exchange(tail, next, Ordering::AcqRel, Ordering::Relaxed)
            .ok()?;
        let index = (tail / ONE % LAP) as usize;
        // SAFETY: the block is not freed before its places are filled, of which
        // this one is ours to fill.
        let slot = unsafe { &raw const (*block).slots[index] };
        Some(Claimed {
            list: self,
            slot,
            number: tail / ONE + 1,
            awaited: tail & AWAITED != 0,
        })
    }

    /// Links a block behind the one whose last place the caller has claimed, and
    /// not filled.
    fn link(&self) {
        // Acquire: pairs with `turn`, which emptied it.
        let spare = self.spare.swap(ptr::null_mut(), Ordering::Acquire);
        let fresh = if spare.is_null() { Block::new() } else { spare };
        // Relaxed, both: only the caller changes it, until it says so below.
        let last = self.block.load(Ordering::Relaxed);
        // SAFETY: a place of it is still to be filled.
        let next = unsafe { &(*last).next };
        // Relaxed: the receiver comes here by the last place.
        next.store(fresh, Ordering::Relaxed);
        self.block.store(fresh, Ordering::Relaxed);
        // Release: whoever sees no LINKING sees the block.
        self.tail.fetch_sub(LINKING, Ordering::Release);
    }

    pub(super) fn add_sender(&self) {
        // Relaxed: the caller has a sender.
        let senders = self.senders.fetch_add(1, Ordering::Relaxed);
        assert!(senders < usize::MAX / 2, "too many senders of a channel");
    }

    /// A sender goes. The last one ends the list.
    pub(super) fn remove_sender(&self) {
        // AcqRel: what all senders did comes before the end.
        if self.senders.fetch_sub(1, Ordering::AcqRel) > 1 {
            return;
        }
        if let Some(claimed) = self.claim() {
            claimed.fill(END);
        }
    }

    /// How many places are claimed.
    pub(super) fn claimed(&self) -> u64 {
        // Relaxed: the caller knows of a claim by other means, and sees it.
        self.tail.load(Ordering::Relaxed) / ONE
    }

    /// Whether the receiver is gone.
    pub(super) fn is_closed(&self) -> bool {
        // Acquire: pairs with `close`.
        self.tail.load(Ordering::Acquire) & GONE != 0
    }

    pub(super) fn has_senders(&self) -> bool {
        // Relaxed: once there is none none can be made.
        self.senders.load(Ordering::Relaxed) > 0
    }
}

impl<'a, T, H> Claimed<'a, T, H> {
    /// Fills it with a message; `told`: its send is recorded.
    #[inline(always)]
    pub(super) fn put(self, value: T, told: bool) -> Filled<'a, T, H> {
        let Claimed {
            list, slot, number, ..
        } = self;
        // SAFETY: the block is not freed before the place is filled.
        let place = unsafe { &(*slot).value };
        place.with_mut(|place| {
            // SAFETY: the place is the caller's until its state says otherwise.
            unsafe { (*place).write(value) };
        });
        self.fill(if told { FULL | TOLD } else { FULL });
        Filled { list, slot, number }
    }

    #[inline(always)]
    fn fill(self, state: u8) {
        // SAFETY: the block is not freed before the place is filled.
        let word = unsafe { &(*self.slot).state };
        // Release: publishes the value, and what was done before it was sent.
        word.store(state, Ordering::Release);
        if self.awaited {
            self.list.ring();
        }
    }
}

impl<T, H> Filled<'_, T, H> {
    /// Takes the value back, which the receiver has gone without. `None`: it has
    /// not, or it takes the value.
    pub(super) fn take_back(self) -> Option<T> {
        // Relaxed: published with the flag.
        if !self.list.is_closed() || self.number <= self.list.end.load(Ordering::Relaxed) {
            return None;
        }
        // SAFETY: the receiver touches no place behind the end, and blocks are
        // left as they are then until the list is dropped.
        let place = unsafe { &(*self.slot).value };
        Some(place.with_mut(|place| {
            // SAFETY: the caller has filled it, and takes it once.
            unsafe { (*place).assume_init_read() }
        }))
    }
}

impl<T, H> List<T, H> {
    #[cold]
    #[inline(never)]
    fn ring(&self) {
        // Release: who sees that it rang sees the place filled.
        self.bell.fetch_add(1, Ordering::Release);
        primitive::wake(&self.bell);
    }
}

impl<T, H> Drop for List<T, H> {
    fn drop(&mut self) {
        // Relaxed, all: nobody else has the list any more.
        let spare = self.spare.load(Ordering::Relaxed);
        let mut next = self.left.load(Ordering::Relaxed);
        if !spare.is_null() {
            // SAFETY: a box that was made for it, which nothing else refers to.
            drop(unsafe { Box::from_raw(spare) });
        }
        while !next.is_null() {
            // SAFETY: as above. Its values are taken: by the receiver, or back.
            let block = unsafe { Box::from_raw(next) };
            next = block.next.load(Ordering::Relaxed);
        }
    }
}

#[cfg(all(test, loom))]
impl<T, H> List<T, H> {
    /// Touches what threads share, before they do. Relaxed: nobody else has it.
    pub(super) fn touch(&self) {
        self.tail.load(Ordering::Relaxed);
        self.senders.load(Ordering::Relaxed);
        self.bell.load(Ordering::Relaxed);
        self.end.load(Ordering::Relaxed);
    }
}

#[cfg(all(test, loom))]
mod models;
