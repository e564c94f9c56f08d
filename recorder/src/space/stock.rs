//! What the helper has made ready: a row of offsets, put by the helper alone
//! and drawn by any thread, first in, first out, without a lock.
//!
//! `head` and `tail` only go up, so a thread that read an entry and then moved
//! `head` from the place where it read has the entry that lay there: the helper
//! writes over it only once `head` has passed.

use crate::primitive::{AtomicU64, Ordering};

/// Entries there is room for.
pub(super) struct Stock {
    entries: Box<[AtomicU64]>,
    /// Entries drawn so far.
    head: AtomicU64,
    /// Entries put so far.
    tail: AtomicU64,
}

impl Stock {
    /// For `most` entries, a power of two.
    pub(super) fn new(most: usize) -> Stock {
        assert!(most.is_power_of_two(), "places are found by a mask");
        Stock {
            entries: (0..most).map(|_| AtomicU64::new(0)).collect(),
            head: AtomicU64::new(0),
            tail: AtomicU64::new(0),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> u64 {
        // Acquire: with the release in `draw`. The helper that finds room has the
        // entries behind it that were read.
        let head = self.head.load(Ordering::Acquire);
        // Relaxed: it may have changed anyway.
        self.tail.load(Ordering::Relaxed).saturating_sub(head)
    }

    /// Whether there is room for no more.
    pub(super) fn is_full(&self) -> bool {
        self.len() >= self.entries.len() as u64
    }

    fn entry(&self, place: u64) -> &AtomicU64 {
        &self.entries[place as usize & (self.entries.len() - 1)]
    }

    /// Puts one. Only the helper does, and only if it is not full.
    pub(super) fn put(&self, offset: u64) {
        // Relaxed: only this thread stores it.
        let tail = self.tail.load(Ordering::Relaxed);
        // Relaxed: published by the tail. Whoever read the entry that lay here
        // finds that the head has passed it.
        self.entry(tail).store(offset, Ordering::Relaxed);
        // Release: with the acquire in `draw`. What the helper did to the
        // space is seen by who draws it.
        self.tail.store(tail + 1, Ordering::Release);
    }

    /// Draws the one that was put first.
    pub(super) fn draw(&self) -> Option<u64> {
        // Acquire: with the release below, so that the tail is not older than
        // the head.
        let mut head = self.head.load(Ordering::Acquire);
        loop {
            // Acquire: with the release in `put`.
            if head >= self.tail.load(Ordering::Acquire) {
                return None;
            }
            // Relaxed: if it was written over, the head has moved.
            let offset = self.entry(head).load(Ordering::Relaxed);
            // Release: the entry was read before the helper sees that it may
            // write over it. Acquire: as above.
            match self.head.compare_exchange_weak(
                head,
                head + 1,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return Some(offset),
                Err(now) => head = now,
            }
        }
    }
}

#[cfg(all(test, loom))]
mod models;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_drawn_once_and_in_order() {
        const COUNT: u64 = 200_000;
        let stock = Stock::new(8);
        let draw = || {
            let mut drawn = Vec::new();
            while drawn.last() != Some(&COUNT) && drawn.len() < COUNT as usize {
                match stock.draw() {
                    Some(offset) => drawn.push(offset),
                    None if stock.tail.load(Ordering::Acquire) == COUNT => break,
                    None => std::thread::yield_now(),
                }
            }
            drawn
        };
        let mut all: Vec<u64> = std::thread::scope(|scope| {
            let threads = [(); 3].map(|()| scope.spawn(draw));
            let mut put = 0;
            while put < COUNT {
                if stock.is_full() {
                    std::thread::yield_now();
                } else {
                    put += 1;
                    stock.put(put);
                }
            }
            let drawn = threads.into_iter().flat_map(|thread| {
                let drawn = thread.join().expect("nothing panics");
                assert!(drawn.is_sorted());
                drawn
            });
            drawn.collect()
        });
        all.sort_unstable();
        assert_eq!(all, (1..=COUNT).collect::<Vec<_>>());
    }
}
