//! The receiver's end of the list.
#![allow(unsafe_code)] // Places that one thread at a time owns.

use std::cell::Cell;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

use super::{AWAITED, Block, EMPTY, END, FULL, GONE, LAP, List, ONE, Slot, TOLD};
use crate::primitive::{self, Arc, Backoff, Ordering};

/// The receiver's end.
pub(in super::super) struct Taker<T, H> {
    list: Arc<List<T, H>>,
    /// The block of the next place to be taken.
    block: Cell<*mut Block<T>>,
    /// Places that were taken.
    pub(super) taken: Cell<u64>,
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

    /// All places of the block are taken: goes to the next one.
    #[inline(never)]
    fn turn(&self) {
        let block = self.block.get();
        // SAFETY: the box that was made for it, which nobody has any more.
        let block = unsafe { Box::from_raw(block) };
        // Relaxed: linked before the last place was filled.
        self.block.set(block.next.load(Ordering::Relaxed));
    }

    /// As [`take`](Taker::take); waits for a sender that has claimed the place
    /// and is about to fill it.
    #[cold]
    pub(in super::super) fn settle(&self) -> Result<Message<T>, Nothing> {
        let mut backoff = Backoff::default();
        loop {
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

    /// Sleeps until the next place is filled, or `timeout` is over.
    pub(in super::super) fn wait(&self, timeout: Option<Duration>) {
        let slot = self.slot();
        let turn = |from, to| {
            let exchange = slot.state.compare_exchange(
                from,
                to,
                // Relaxed, both: who finds it filled acquires it in `take`.
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            exchange.is_ok()
        };
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        if !turn(EMPTY, AWAITED) {
            return;
        }
        loop {
            // Acquire: pairs with `ring`.
            let rung = self.list.bell.load(Ordering::Acquire);
            // Relaxed: ordered by the bell, if it rang.
            if slot.state.load(Ordering::Relaxed) != AWAITED {
                return;
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                turn(AWAITED, EMPTY);
                return;
            }
            primitive::wait(&self.list.bell, rung, left);
        }
    }

    /// From now on sends fail. What was claimed before is still to be taken, by
    /// [`settle`](Taker::settle).
    pub(in super::super) fn close(&self) {
        // Release: what is done before comes before a send that fails; acquire:
        // all that was claimed is seen.
        self.list.tail.fetch_or(GONE, Ordering::AcqRel);
    }
}

impl<T, H> Drop for Taker<T, H> {
    fn drop(&mut self) {
        self.close();
        while let Ok(message) = self.settle() {
            drop(message);
        }
        // SAFETY: the box that was made for it; nobody claims a place any more,
        // and all that were claimed are filled.
        drop(unsafe { Box::from_raw(self.block.get()) });
    }
}
