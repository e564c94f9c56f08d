//! The receiver's end of the list.
#![allow(unsafe_code)] // Places that one thread at a time owns.

use std::cell::Cell;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

use super::{AWAITED, Block, EMPTY, END, FULL, GONE, LAP, LOOKS, List, ONE, Slot, TOLD};
use crate::primitive::{self, Arc, Backoff, Ordering};

/// The receiver's end.
pub(in super::super) struct Taker<T, H> {
    list: Arc<List<T, H>>,
    /// The block of the next place to be taken.
    block: Cell<*mut Block<T>>,
    /// Places that were taken.
    pub(super) taken: Cell<u64>,
    /// Places that may be taken.
    end: Cell<u64>,
}

// SAFETY: as for the list.
unsafe impl<T: Send, H: Send + Sync> Send for Taker<T, H> {}
impl<T, H> UnwindSafe for Taker<T, H> {}
impl<T, H> RefUnwindSafe for Taker<T, H> {}

/// What the receiver took.
pub(in super::super) struct Message<T> {
    pub(in super::super) value: T,
    pub(in super::super) number: u64,
    /// Its send was recorded.
    pub(in super::super) told: bool,
}

/// Why there is nothing to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Nothing {
    /// Nothing was sent.
    Empty,
    /// And no sender is left.
    Ended,
}

impl<T, H> Taker<T, H> {
    /// Of a list whose first block is `block`; called once for each list.
    pub(super) fn new(list: Arc<List<T, H>>, block: *mut Block<T>) -> Taker<T, H> {
        Taker {
            list,
            block: Cell::new(block),
            taken: Cell::new(0),
            end: Cell::new(u64::MAX),
        }
    }

    pub(in super::super) fn list(&self) -> &List<T, H> {
        &self.list
    }

    #[inline(always)]
    fn slot(&self) -> &Slot<T> {
        let index = (self.taken.get() % LAP) as usize;
        // SAFETY: only `take` frees the block, and then goes to the next one.
        unsafe { &(*self.block.get()).slots[index] }
    }

    /// Takes the next message, if it is there.
    #[inline(always)]
    pub(in super::super) fn take(&self) -> Option<Message<T>> {
        let slot = self.slot();
        // Acquire: pairs with `fill`.
        let state = slot.state.load(Ordering::Acquire);
        if state & FULL == 0 {
            return None;
        }
        let value = slot.value.with_mut(|place| {
            // SAFETY: it was filled, and is taken once.
            unsafe { (*place).assume_init_read() }
        });
        let number = self.taken.get() + 1;
        self.taken.set(number);
        if number.is_multiple_of(LAP) {
            self.turn();
        }
        let told = state & TOLD != 0;
        Some(Message {
            value,
            number,
            told,
        })
    }

    /// All places of the block are taken: goes to the next one, and gives this
    /// one away.
    #[inline(never)]
    fn turn(&self) {
        let block = self.block.get();
        {
            // SAFETY: the box that was made for it, which nobody has any more.
            let block = unsafe { &*block };
            // Relaxed: linked before the last place was filled.
            self.block.set(block.next.load(Ordering::Relaxed));
            block.empty();
        }
        // Release: whoever links it finds it empty; acquire: it may be freed.
        let old = self.list.spare.swap(block, Ordering::AcqRel);
        if !old.is_null() {
            // SAFETY: as above; it was given away, and nobody has linked it.
            drop(unsafe { Box::from_raw(old) });
        }
    }

    /// As [`take`](Taker::take); waits for a sender that has claimed the place
    /// and is about to fill it.
    #[cold]
    pub(in super::super) fn settle(&self) -> Result<Message<T>, Nothing> {
        let mut backoff = Backoff::default();
        loop {
            if self.taken.get() == self.end.get() {
                return Err(Nothing::Ended);
            }
            if let Some(message) = self.take() {
                return Ok(message);
            }
            // Acquire: what the senders did before the end.
            if self.slot().state.load(Ordering::Acquire) == END {
                return Err(Nothing::Ended);
            }
            // Acquire: as an empty channel is seen, so are claims that came
            // before what the caller knows of.
            if self.list.tail.load(Ordering::Acquire) / ONE == self.taken.get() {
                return Err(Nothing::Empty);
            }
            backoff.pause();
        }
    }

    /// Whether the next place is filled while the receiver looks again a few
    /// times, and lets others run.
    pub(in super::super) fn comes_soon(&self) -> bool {
        let mut backoff = Backoff::default();
        (0..LOOKS).any(|_| {
            backoff.pause();
            // Relaxed: who finds it filled acquires it in `take`.
            self.slot().state.load(Ordering::Relaxed) != EMPTY
        })
    }

    /// Sleeps until the next place is filled, or `timeout` is over. It may return
    /// when the place is claimed.
    pub(in super::super) fn wait(&self, timeout: Option<Duration>) {
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let empty = self.taken.get() * ONE;
        // Relaxed, both: who finds the place filled acquires it in `take`.
        let (done, failed) = (Ordering::Relaxed, Ordering::Relaxed);
        let tail = &self.list.tail;
        if tail
            .compare_exchange(empty, empty | AWAITED, done, failed)
            .is_err()
        {
            return;
        }
        loop {
            // Acquire: pairs with `ring`.
            let rung = self.list.bell.load(Ordering::Acquire);
            // Relaxed: ordered by the bell, if it rang.
            if self.slot().state.load(Ordering::Relaxed) != EMPTY {
                return;
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                // Relaxed: whoever claims after it need not ring.
                tail.fetch_and(!AWAITED, Ordering::Relaxed);
                return;
            }
            primitive::wait(&self.list.bell, rung, left);
        }
    }

    /// From now on sends fail. Of what was claimed before, `within` places are
    /// still to be taken, by [`settle`](Taker::settle).
    pub(in super::super) fn close(&self, within: u64) {
        let end = self.taken.get().saturating_add(within);
        self.end.set(end);
        // Relaxed: published with the flag.
        self.list.end.store(end, Ordering::Relaxed);
        // Release: what is done before comes before a send that fails; acquire:
        // all that was claimed is seen.
        self.list.tail.fetch_or(GONE, Ordering::AcqRel);
    }
}

impl<T, H> Drop for Taker<T, H> {
    fn drop(&mut self) {
        if self.end.get() == u64::MAX {
            self.close(u64::MAX);
        }
        while let Ok(message) = self.settle() {
            drop(message);
        }
        // Relaxed: whoever drops the list comes after this.
        self.list.left.store(self.block.get(), Ordering::Relaxed);
    }
}
