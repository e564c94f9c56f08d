//! The space of the file, handed out as chunks.
//!
//! # Who does what
//!
//! The file is a row of bytes with three marks on it, which only go up:
//!
//! ```text
//! 0            next            ready                 end
//! +--------------+---------------+--------------------+
//! | handed out   | ready to be   | on disk and mapped |  not there yet
//! |              | written       |                    |
//! +--------------+---------------+--------------------+
//! ```
//!
//! A thread draws a chunk by moving `next`: one compare-exchange, as long as it
//! stays below `ready`. The [helper](helper) moves `ready` (it populates the
//! pages, so that nobody meets a fault) and `end` (it grows the file). Where
//! the helper is behind, or could not be started, the thread does the same
//! work itself, and that is counted.
//!
//! Besides there are [spare](spare) pieces, which lay within what was handed
//! out. [Slots](slots) say where a byte lies in memory; [ground](ground) is how the
//! file grows; [pace](pace) is how far ahead the helper works.
#![allow(unsafe_code)] // The birth of chunks.

mod ground;
mod helper;
mod pace;
mod slots;
mod spare;

use std::fs::File;
use std::io;

use hbtrace_traces::format::layout::{PAGE, header};

use crate::chunk::Chunk;
use crate::header::Header;
use crate::primitive::{AtomicBool, AtomicU64, Mutex, Ordering, lock};
use ground::Ground;
use helper::Bell;
use slots::{Populated, SLOT, Slots};
use spare::Spare;

pub(crate) use helper::start as start_helper;

/// In `next`: nothing is handed out any more. No other mark is as large.
const CLOSED: u64 = 1 << 63;
/// What the helper populates at a time: short, so that a thread that catches
/// up with it has not long to go.
const STRIDE: u64 = 256 << 10;

/// The file's space.
pub(crate) struct Space {
    file: File,
    header: Header,
    slots: Slots,
    ground: Mutex<Ground>,
    spare: Spare,
    next: AtomicU64,
    ready: AtomicU64,
    end: AtomicU64,
    /// Kept for sync events and tables.
    reserve: u64,
    /// No more chunks of accesses: what is left is kept for sync events.
    full: AtomicBool,
    /// How the helper is woken.
    bell: Bell,
}

/// What a chunk is drawn for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// Accesses: refused when only the reserve is left.
    Accesses,
    /// Sync events and tables.
    Order,
}

impl Space {
    /// Takes over an empty `file`, which may become `limit` bytes long.
    pub(crate) fn new(file: File, limit: u64) -> io::Result<Space> {
        let mut ground = Ground::new(&file, limit)?;
        let slots = Slots::new()?;
        let reserve = (ground.limit() / 8).min(1 << 20);
        let end = ground.grow(&file, &slots)?;
        Ok(Space {
            header: Header::map(&file)?,
            file,
            slots,
            ground: Mutex::new(ground),
            spare: Spare::new(),
            next: AtomicU64::new(PAGE as u64),
            ready: AtomicU64::new(PAGE as u64),
            end: AtomicU64::new(end),
            reserve,
            full: AtomicBool::new(false),
            bell: Bell::new(),
        })
    }

    /// The file.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// The file's header.
    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    /// Draws a chunk of up to `size` bytes and at least `least`, both multiples
    /// of the page.
    pub(crate) fn draw(&self, size: usize, least: usize, purpose: Use) -> Option<Chunk> {
        // Relaxed: a hint that saves the rest.
        if purpose == Use::Accesses && self.full.load(Ordering::Relaxed) {
            return None;
        }
        let chunk = self
            .draw_spare(size, least)
            .or_else(|| self.draw_ready(size as u64, purpose))
            .or_else(|| self.draw_unready(size as u64, least as u64, purpose));
        if chunk.is_none() && purpose == Use::Accesses {
            // Relaxed: as above.
            self.full.store(true, Ordering::Relaxed);
        }
        chunk
    }

    fn draw_spare(&self, size: usize, least: usize) -> Option<Chunk> {
        if self.is_closed() {
            return None;
        }
        let chunk = self.spare.draw(size, least)?;
        self.slots.hold(chunk.offset() / SLOT);
        Some(chunk)
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
            Use::Order => 0,
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
        self.spare.put(self.chunk(at, left(at)));
        true
    }

    fn grow(&self, ground: &mut Ground) -> io::Result<()> {
        let end = ground.grow(&self.file, &self.slots)?;
        // Release: the slot is mapped; with the acquire in `fits`.
        self.end.store(end, Ordering::Release);
        Ok(())
    }

    /// Bytes handed out so far.
    fn drawn(&self) -> u64 {
        // Relaxed: it may be old.
        self.next.load(Ordering::Relaxed) & !CLOSED
    }

    /// Makes bytes ready, `ahead` of what is handed out.
    fn prepare(&self, ahead: u64) {
        while !self.is_closed() {
            let next = self.drawn();
            // Acquire: as in `fits`.
            let end = self.end.load(Ordering::Acquire);
            let short_of_room = end.saturating_sub(next) < 2 * ahead;
            if short_of_room && self.grow(&mut lock(&self.ground)).is_ok() {
                continue;
            }
            // Relaxed: nothing is written there by this thread.
            let from = self.ready.load(Ordering::Relaxed).max(next);
            let to = (from + STRIDE).min(end).min(from - from % SLOT + SLOT);
            if from >= end.min(next + ahead)
                || self.slots.populate(from, to - from) == Populated::No
            {
                return;
            }
            // Release: with the acquire of `draw_ready`.
            self.ready.fetch_max(to, Ordering::Release);
        }
    }

    /// Gives back the pages of slots that are used up, from `oldest` on.
    /// Returns the first one that is not done with.
    fn release(&self, oldest: u64) -> u64 {
        let mut done = oldest;
        let used_up = oldest..self.drawn() / SLOT;
        if used_up.is_empty() || !lock(&self.ground).is_file(&self.file) {
            return oldest;
        }
        for slot in used_up {
            if self.slots.release(&self.file, slot) && slot == done {
                done += 1;
            }
        }
        done
    }

    fn is_closed(&self) -> bool {
        // Relaxed: whoever moves `next` afterwards fails.
        self.next.load(Ordering::Relaxed) & CLOSED != 0
    }

    /// Closes a chunk with `used` bytes of payload.
    pub(crate) fn close(&self, chunk: Chunk, used: usize) {
        self.slots.let_go(chunk.offset() / SLOT);
        if let Some(rest) = chunk.close(used) {
            self.spare.put(rest);
        }
    }

    /// Cuts the file to what was handed out, and ends the helper. Leaves the
    /// file's end as it is if the lock is not to be had within `tries`
    /// milliseconds (an exit within a signal handler).
    pub(crate) fn finish(&self, mut tries: u32) {
        // Relaxed: whoever moves `next` afterwards fails, on the value itself.
        let next = self.next.fetch_or(CLOSED, Ordering::Relaxed);
        self.bell.end(&self.header);
        loop {
            if let Ok(mut ground) = self.ground.try_lock() {
                ground.closed = true;
                if ground.is_file(&self.file) {
                    // A failure leaves zeros at the end, which readers expect.
                    let _ = self.file.set_len(next & !CLOSED);
                }
                return;
            }
            if tries == 0 {
                return;
            }
            tries -= 1;
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
