//! What was never used yet: the marks on the file, and drawing from them.
#![allow(unsafe_code)] // The birth of chunks.

use std::io;

use hbtrace_traces::format::layout::{PAGE, header};

use super::ground::Ground;
use super::slots::{Populated, SLOT};
use super::{CLOSED, Space, Use};
use crate::chunk::Chunk;
use crate::primitive::{Ordering, lock};

/// What the helper populates at a time: short, so that a thread that catches
/// up with it has not long to go.
const STRIDE: u64 = 256 << 10;

impl Space {
    /// Draws what was never used.
    pub(super) fn draw_fresh(&self, size: u64, least: u64, purpose: Use) -> Option<Chunk> {
        self.draw_ready(size, purpose)
            .or_else(|| self.draw_unready(size, least, purpose))
    }

    /// Draws from what is ready: without a lock, a fault or a system call
    /// (unless the helper sleeps).
    fn draw_ready(&self, size: u64, purpose: Use) -> Option<Chunk> {
        // Acquire: with the releases of whoever made it ready.
        let ready = self.ready.load(Ordering::Acquire);
        let at = self.advance(|next| self.fits(next, size, purpose, ready).then_some(size))?;
        let chunk = self.chunk(at, size);
        self.bell.drawn(ready.saturating_sub(at + size));
        Some(chunk)
    }

    /// Whether `size` bytes at `next` lie in one slot, below `until`, and not
    /// in the reserve of others.
    fn fits(&self, next: u64, size: u64, purpose: Use, until: u64) -> bool {
        // Acquire: with the release of `grow`, so that the slot's address is
        // seen.
        let end = self.end.load(Ordering::Acquire);
        let reserve = match purpose {
            Use::Accesses => self.reserve,
            Use::Order | Use::Tables => 0,
        };
        // `next` is larger than all others once closed.
        next + size <= until && next + size + reserve <= end && next % SLOT + size <= SLOT
    }

    /// Moves `next` by what `size` says, and returns where it was. The slot
    /// there is held.
    fn advance(&self, size: impl Fn(u64) -> Option<u64>) -> Option<u64> {
        // Relaxed: the exchange decides.
        let mut next = self.next.load(Ordering::Relaxed);
        loop {
            let size = size(next)?;
            self.slots.hold(next / SLOT);
            // Relaxed: bytes are made ready before by others (`ready`, `end`);
            // that each goes to one thread is the exchange's own doing.
            match self.next.compare_exchange_weak(
                next,
                next + size,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(at) => return Some(at),
                Err(now) => {
                    self.slots.let_go(next / SLOT);
                    next = now;
                }
            }
        }
    }

    /// Hands out what `advance` got. The header says so before anybody can
    /// write there.
    fn chunk(&self, at: u64, size: u64) -> Chunk {
        self.header.raise(header::ALLOCATED, at + size);
        // SAFETY: zero bytes of the file that are allocated and mapped (they
        // lie below `end`) in one slot, never unmapped; `next` moved on past
        // them, so that nobody else gets them.
        unsafe { Chunk::new(self.slots.address(at), at, size as usize) }
    }

    /// Draws what is not ready, growing the file if need be: the helper is
    /// behind, or this is the end of a slot or of the room.
    #[cold]
    fn draw_unready(&self, size: u64, least: u64, purpose: Use) -> Option<Chunk> {
        let (at, len) = self.take_unready(size, least, purpose)?;
        let chunk = self.chunk(at, len);
        // Acquire: as in `draw_ready`.
        if at + len > self.ready.load(Ordering::Acquire) {
            self.header.add_u32(header::BEHIND, 1);
            let populated = self.slots.populate(at, len);
            // Release: with the acquire of `draw_ready`.
            self.ready.fetch_max(at + len, Ordering::Release);
            if populated == Populated::No {
                self.slots.let_go(at / SLOT);
                return None;
            }
        }
        self.bell.drawn(0);
        Some(chunk)
    }

    fn take_unready(&self, size: u64, least: u64, purpose: Use) -> Option<(u64, u64)> {
        let mut ground = lock(&self.ground);
        loop {
            let fits = |next| self.fits(next, size, purpose, CLOSED).then_some(size);
            if let Some(at) = self.advance(fits) {
                return Some((at, size));
            }
            if self.is_closed() {
                return None;
            }
            if !self.skip_end_of_slot(size) && self.grow(&mut ground).is_err() {
                break;
            }
        }
        // What is left may do.
        for size in [size / 2, size / 4, size / 8] {
            let size = size.max(least) / PAGE as u64 * PAGE as u64;
            let fits = |next| self.fits(next, size, purpose, CLOSED).then_some(size);
            if let Some(at) = self.advance(fits) {
                return Some((at, size));
            }
        }
        None
    }

    /// If the slot at `next` has less than `size` left, that becomes a spare
    /// piece.
    fn skip_end_of_slot(&self, size: u64) -> bool {
        let left = |next: u64| SLOT - next % SLOT;
        // Acquire: as in `fits`.
        let end = self.end.load(Ordering::Acquire);
        let fits = |next| (next + left(next) <= end && left(next) < size).then(|| left(next));
        let Some(at) = self.advance(fits) else {
            return false;
        };
        self.slots.let_go(at / SLOT);
        if self.slots.populate(at, left(at)) != Populated::No {
            self.spare.put(self.chunk(at, left(at)));
        }
        true
    }

    fn grow(&self, ground: &mut Ground) -> io::Result<()> {
        let end = ground.grow(&self.file, &self.slots)?;
        // Release: the slot is mapped; with the acquire in `fits`.
        self.end.store(end, Ordering::Release);
        // Relaxed: a hint.
        self.full.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Makes bytes ready that were never used.
    pub(super) fn prepare_fresh(&self, ahead: u64) {
        let mut grows = true;
        while !self.is_closed() {
            let next = self.handed_out();
            // Acquire: as in `fits`.
            let end = self.end.load(Ordering::Acquire);
            if grows && end.saturating_sub(next) < 2 * ahead {
                grows = self.grow(&mut lock(&self.ground)).is_ok();
                continue;
            }
            let from = self.unready_from(next, end);
            if from >= end.min(next + ahead) || !self.prepare_stride(from, end) {
                return;
            }
        }
    }

    /// Where the helper goes on. If threads have caught up with it, it leaves
    /// a stride to whoever draws next, who begins there now: two that populate
    /// the same pages would wait for each other.
    fn unready_from(&self, next: u64, end: u64) -> u64 {
        // Relaxed: nothing is written there by this thread.
        let ready = self.ready.load(Ordering::Relaxed);
        let over = next + STRIDE;
        let begun = ready > PAGE as u64;
        let in_slot = next % SLOT + 2 * STRIDE <= SLOT;
        if begun && ready <= next && in_slot && over + STRIDE <= end {
            over
        } else {
            ready.max(next)
        }
    }

    /// Populates a stride, and what was left out before it unless somebody
    /// has drawn that. Returns whether it could.
    fn prepare_stride(&self, from: u64, end: u64) -> bool {
        let to = (from + STRIDE).min(end).min(from - from % SLOT + SLOT);
        if self.slots.populate(from, to - from) == Populated::No {
            return false;
        }
        // Relaxed: as above.
        let left = self.handed_out().max(self.ready.load(Ordering::Relaxed));
        if left < from && self.slots.populate(left, from - left) == Populated::No {
            return false;
        }
        // Release: with the acquire of `draw_ready`.
        self.ready.fetch_max(to, Ordering::Release);
        true
    }
}
