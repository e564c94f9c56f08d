//! What was never used yet: taken from the file a stride at a time, and made
//! ready to be written.
//!
//! **Zeroing before populating.** `MADV_POPULATE_WRITE` alone reads ahead of a
//! file on disk, which takes two to four microseconds a page where two threads
//! do it in turns. If the helper first writes zeros, the pages are there in
//! large folios, and populating only maps them: one microsecond in all, and
//! the thread that writes them then finds them in the cache (0.06 us a page
//! and not 0.16). Threads do without: a descriptor of theirs may have become
//! another file's at any time, the helper's can't.
#![allow(unsafe_code)] // The birth of chunks.

use std::io;
use std::os::unix::fs::FileExt;

use hbtrace_traces::format::layout::{PAGE, header};

use super::ground::Ground;
use super::slots::{Populated, SLOT};
use super::{CLOSED, Space, Use};
use crate::chunk::Chunk;
use crate::primitive::{Ordering, lock};

/// What is taken from the file at a time: a multiple of it ends each stride, so
/// that none lies in two slots.
pub(super) const STRIDE: u64 = 256 << 10;

impl Space {
    /// Draws a stride: one that is ready if there is one, without a lock, a
    /// fault or a system call (unless the helper sleeps). Its slot is held.
    pub(super) fn draw_stride(&self, least: u64, purpose: Use) -> Option<Chunk> {
        let drawn = self.stock.draw();
        self.bell.drawn(self.stock.len() * STRIDE);
        // The helper takes a third of the time that a thread takes to the same.
        let at = drawn.or_else(|| self.work.wait_for(|| self.stock.draw()));
        match at {
            Some(at) => Some(self.chunk(at, stride_end(at) - at)),
            None => self.draw_unready(least, purpose),
        }
    }

    /// The helper is behind, or there is no more room.
    #[cold]
    fn draw_unready(&self, least: u64, purpose: Use) -> Option<Chunk> {
        let taken = self.take_stride(purpose);
        let (at, len) = taken.or_else(|| self.take_rest(least, purpose))?;
        self.header.add_u32(header::BEHIND, 1);
        if self.slots.populate(at, len) == Populated::No {
            self.slots.let_go(at / SLOT);
            return None;
        }
        Some(self.chunk(at, len))
    }

    /// Takes a stride from the file, growing it if need be.
    pub(super) fn take_stride(&self, purpose: Use) -> Option<(u64, u64)> {
        let fits = |next| self.fits(next, stride_end(next), purpose);
        loop {
            if let Some(at) = self.advance(fits) {
                return Some((at, stride_end(at) - at));
            }
            let mut ground = lock(&self.ground);
            // Somebody else may just have grown it.
            let next = self.taken();
            if fits(next).is_none() && (self.is_closed() || self.grow(&mut ground).is_err()) {
                return None;
            }
        }
    }

    /// Takes what is left of the file.
    fn take_rest(&self, least: u64, purpose: Use) -> Option<(u64, u64)> {
        let mut len = STRIDE / 2;
        while len >= least.max(PAGE as u64) {
            let fits = |next| {
                let to = next + len;
                self.fits(next, to, purpose)
                    .filter(|_| to <= stride_end(next))
            };
            if let Some(at) = self.advance(fits) {
                return Some((at, len));
            }
            len /= 2;
        }
        None
    }

    /// `to`, if the file is as long and the reserve of others is not touched.
    fn fits(&self, next: u64, to: u64, purpose: Use) -> Option<u64> {
        // Acquire: with the release of `grow`, so that the slot's address is
        // seen.
        let end = self.end.load(Ordering::Acquire);
        let reserve = match purpose {
            Use::Accesses => self.reserve,
            _ => 0,
        };
        (next < to && to + reserve <= end).then_some(to)
    }

    /// Moves `next` to where `to` says, and returns where it was. The slot
    /// there is held.
    fn advance(&self, to: impl Fn(u64) -> Option<u64>) -> Option<u64> {
        // Relaxed: the exchange decides.
        let mut next = self.next.load(Ordering::Relaxed);
        loop {
            let to = to(next)?;
            self.slots.hold(next / SLOT);
            // Relaxed: that each byte goes to one taker is the exchange's own
            // doing; what lies there is made ready afterwards.
            match self
                .next
                .compare_exchange_weak(next, to, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(at) => return Some(at),
                Err(now) => {
                    self.slots.let_go(next / SLOT);
                    next = now;
                }
            }
        }
    }

    fn chunk(&self, at: u64, len: u64) -> Chunk {
        // SAFETY: zero bytes below `end`, so allocated and mapped, in one slot
        // that is never unmapped; `next` moved past them and the stock gave
        // them to this thread, so nobody else has them.
        unsafe { Chunk::new(self.slots.address(at), at, len as usize) }
    }

    fn grow(&self, ground: &mut Ground) -> io::Result<()> {
        let end = ground.grow(&self.file, &self.slots)?;
        // Release: the slot is mapped; with the acquire in `fits`.
        self.end.store(end, Ordering::Release);
        // Relaxed: a hint.
        self.full.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Takes a stride and makes it ready, with `zeros` where it has its own
    /// descriptor of the file. Only the helper does.
    pub(super) fn prepare_stride(&self, zeros: Option<&[u8]>) -> Option<Chunk> {
        let (at, len) = self.take_stride(Use::Accesses)?;
        let _working = self.work.begin();
        let zeros = zeros.and_then(|zeros| zeros.get(..len as usize));
        if let Some(zeros) = zeros.filter(|_| !self.is_closed()) {
            // What fails here fails below.
            let _ = self.file.write_all_at(zeros, at);
        }
        if self.slots.populate(at, len) == Populated::No {
            self.slots.let_go(at / SLOT);
            return None;
        }
        Some(self.chunk(at, len))
    }

    /// Grows the file if less than `ahead` is left of it.
    pub(super) fn grow_ahead(&self, ahead: u64) {
        // Acquire: as in `fits`.
        let left = self
            .end
            .load(Ordering::Acquire)
            .saturating_sub(self.taken());
        if left < ahead && !self.is_closed() {
            let _ = self.grow(&mut lock(&self.ground));
        }
    }

    /// Hands a chunk out, unless the file is closed. The header says so before
    /// anybody can write there.
    pub(super) fn hand_out(&self, chunk: Chunk) -> Option<Chunk> {
        let end = chunk.offset() + chunk.size() as u64;
        // Relaxed: that it came before the closing, or after it, is the
        // field's own order.
        let highest = self.highest.fetch_max(end, Ordering::Relaxed);
        if highest & CLOSED != 0 {
            return None;
        }
        if highest >= end {
            return Some(chunk.reuse());
        }
        self.header.raise(header::ALLOCATED, end);
        Some(chunk)
    }
}

/// Where the stride ends that begins at `at`.
pub(super) fn stride_end(at: u64) -> u64 {
    at - at % STRIDE + STRIDE
}
