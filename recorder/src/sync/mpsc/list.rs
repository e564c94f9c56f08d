//! The unbounded queue: a list of blocks of places, for any number of senders
//! and one receiver.
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
//! frees a block when it has taken all of it: each sender touches its block for
//! the last time as it puts its value in, and touches none before it has claimed.
//!
//! **Waiting.** The receiver sleeps *in the place*: it turns it from `EMPTY` to
//! `AWAITED`, and the sender whose state replaces that rings the bell. The one
//! word decides who was first, so no wake-up is lost and none is made twice.
//!
//! **Ends.** The last sender claims a place for `END`, which nothing follows.
//! The receiver flags `tail` as `GONE`, after which nothing is claimed; it then
//! takes what was claimed before.
#![allow(unsafe_code)] // Places that one thread at a time owns.

use std::mem::MaybeUninit;
use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::primitive::{
    self, Arc, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Backoff, Link, Ordering, Place,
};

mod taker;

pub(super) use taker::{Message, Nothing, Taker};

/// Places of a block.
const LAP: u64 = if cfg!(loom) { 2 } else { 32 };

/// The receiver is gone.
const GONE: u64 = 1;
/// The next block is being linked.
const LINKING: u64 = 2;
/// One more place is claimed.
const ONE: u64 = 4;

/// Nothing is in the place yet.
const EMPTY: u8 = 0;
/// Nothing, and the receiver sleeps.
const AWAITED: u8 = 1;
/// No sender is left.
const END: u8 = 2;
/// A message whose send was not recorded.
const FULL: u8 = 4;
/// Added to [`FULL`]: its send was recorded.
const TOLD: u8 = 1;

struct Slot<T> {
    state: AtomicU8,
    value: Place<MaybeUninit<T>>,
}

struct Block<T> {
    slots: [Slot<T>; LAP as usize],
    next: Link<Block<T>>,
}

/// What both halves share; `H` is what the channel has besides.
#[repr(align(64))]
pub(super) struct List<T, H> {
    /// [`GONE`], [`LINKING`], and above them how many places are claimed.
    tail: AtomicU64,
    /// The block of the next place to be claimed, unless it is being linked.
    block: Link<Block<T>>,
    senders: AtomicUsize,
    /// Counts how often a sleeping receiver was woken, which waits for it.
    bell: AtomicU32,
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
    slot: &'a Slot<T>,
    /// The number of its message.
    pub(super) number: u64,
}

/// An empty list with one sender, and its taker.
pub(super) fn list<T, H>(beside: H) -> (Arc<List<T, H>>, Taker<T, H>) {
    let block = Block::new();
    let list = Arc::new(List {
        tail: AtomicU64::new(0),
        block: Link::new(block),
        senders: AtomicUsize::new(1),
        bell: AtomicU32::new(0),
        beside,
    });
    let taker = Taker::new(Arc::clone(&list), block);
    (list, taker)
}

impl<T> Block<T> {
    /// An empty one, in a box that whoever takes its last place frees.
    fn new() -> *mut Block<T> {
        let mut block = Box::<Block<T>>::new_uninit();
        let at = block.as_mut_ptr();
        for index in 0..LAP as usize {
            // SAFETY: a slot within the box, of which nothing is read.
            let slot = unsafe { &raw mut (*at).slots[index] };
            // SAFETY: as above.
            unsafe { (&raw mut (*slot).state).write(AtomicU8::new(EMPTY)) };
            // SAFETY: as above.
            unsafe { (&raw mut (*slot).value).write(Place::new(MaybeUninit::uninit())) };
        }
        // SAFETY: as above.
        unsafe { (&raw mut (*at).next).write(Link::new(std::ptr::null_mut())) };
        // SAFETY: all of it is written now.
        let block = unsafe { block.assume_init() };
        if cfg!(loom) {
            // Made before they are shared.
            for slot in &block.slots {
                slot.state.load(Ordering::Relaxed);
            }
        }
        Box::into_raw(block)
    }
}

impl<T, H> List<T, H> {
    /// Claims the next place. `None`: the receiver is gone.
    #[inline(always)]
    pub(super) fn claim(&self) -> Option<Claimed<'_, T, H>> {
        // Acquire: pairs with the release of whoever linked the block.
        let tail = self.tail.load(Ordering::Acquire);
        if tail & (GONE | LINKING) != 0 || tail / ONE % LAP == LAP - 1 {
            return self.claim_slowly();
        }
        self.advance(tail, tail + ONE)
            .or_else(|| self.claim_slowly())
    }

    /// As [`claim`](List::claim), where others claim at once or a block ends.
    #[cold]
    #[inline(never)]
    fn claim_slowly(&self) -> Option<Claimed<'_, T, H>> {
        let mut backoff = Backoff::default();
        loop {
            // Acquire: as in `claim`; and for GONE it pairs with `close`.
            let tail = self.tail.load(Ordering::Acquire);
            if tail & GONE != 0 {
                return None;
            }
            let is_last = tail / ONE % LAP == LAP - 1;
            let claimed = match tail & LINKING {
                0 if is_last => self.advance(tail, tail + ONE + LINKING),
                0 => self.advance(tail, tail + ONE),
                _ => None,
            };
            match claimed {
                Some(claimed) if is_last => {
                    self.link();
                    return Some(claimed);
                }
                Some(claimed) => return Some(claimed),
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
        let slot = unsafe { &(*block).slots[index] };
        Some(Claimed {
            list: self,
            slot,
            number: tail / ONE + 1,
        })
    }

    /// Links a block behind the one whose last place the caller has claimed, and
    /// not filled.
    fn link(&self) {
        let fresh = Block::new();
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

    pub(super) fn has_senders(&self) -> bool {
        // Relaxed: once there is none none can be made.
        self.senders.load(Ordering::Relaxed) > 0
    }
}

impl<T, H> Claimed<'_, T, H> {
    /// Whether the receiver sleeps until it is filled, as far as one sees now.
    #[inline(always)]
    pub(super) fn is_awaited(&self) -> bool {
        // Relaxed: a hint.
        self.slot.state.load(Ordering::Relaxed) == AWAITED
    }

    /// Fills it with a message; `told`: its send is recorded.
    #[inline(always)]
    pub(super) fn put(self, value: T, told: bool) {
        self.slot.value.with_mut(|place| {
            // SAFETY: the place is the caller's until its state says otherwise.
            unsafe { (*place).write(value) };
        });
        self.fill(if told { FULL | TOLD } else { FULL });
    }

    #[inline(always)]
    fn fill(self, state: u8) {
        // Release: publishes the value, and what was done before it was sent.
        if self.slot.state.swap(state, Ordering::Release) == AWAITED {
            self.list.ring();
        }
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

#[cfg(all(test, loom))]
mod models;
