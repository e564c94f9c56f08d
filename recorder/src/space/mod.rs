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
//! A thread [draws](frontier) a chunk by moving `next`: one compare-exchange, as long as it
//! stays below `ready`. The [helper](helper) moves `ready` (it populates the
//! pages, so that nobody meets a fault) and `end` (it grows the file). Where
//! the helper is behind, or could not be started, the thread does the same
//! work itself, and that is counted.
//!
//! Besides there are [spare](spare) pieces, which lay within what was handed
//! out. [Slots](slots) say where a byte lies in memory; [ground](ground) is how the
//! file grows; [pace](pace) is how far ahead the helper works; [patience](patience)
//! is whether to wait for room. A [flight recording](flight) uses the same chunks
//! again and again.
mod flight;
mod frontier;
mod ground;
mod helper;
mod pace;
mod patience;
mod slots;
mod spare;

use std::fs::File;
use std::io;

use hbtrace_traces::format::layout::{PAGE, header};

use crate::chunk::Chunk;
use crate::header::Header;
use crate::primitive::{AtomicBool, AtomicU64, Mutex, Ordering, lock};
use crate::settings::Settings;
use flight::Pool;
use ground::Ground;
use helper::Bell;
use patience::Patience;
use slots::{SLOT, Slots};
use spare::Spare;

pub(crate) use helper::start as start_helper;

/// In `next`: nothing is handed out any more. No other mark is as large.
const CLOSED: u64 = 1 << 63;
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
    patience: Patience,
    /// The chunks of a flight recording.
    pool: Option<Pool>,
    /// How the helper is woken.
    bell: Bell,
}

/// What a chunk is drawn for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// Accesses: refused when only the reserve is left.
    Accesses,
    /// Sync events.
    Order,
    /// Names, which are drawn with a lock held and stay to the end.
    Tables,
}

impl Space {
    /// Takes over an empty `file`.
    pub(crate) fn new(file: File, settings: &Settings) -> io::Result<Space> {
        let mut ground = Ground::new(&file, settings.limit)?;
        let slots = Slots::new()?;
        let reserve = (ground.limit() / 8).min(1 << 20);
        let pool = settings
            .flight
            .map(|bytes| Pool::new(bytes.min(ground.limit() / 4 * 3)));
        ground.expect(pool.as_ref().map(Pool::to_come));
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
            patience: Patience::new(settings.wait),
            pool,
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
        let full = purpose == Use::Accesses && self.full.load(Ordering::Relaxed);
        let draw = || self.draw_at_once(size, least, purpose);
        let chunk = if full { None } else { draw() };
        if chunk.is_some() || self.is_closed() {
            return chunk;
        }
        if !full && purpose == Use::Accesses {
            // Relaxed: as above.
            self.full.store(true, Ordering::Relaxed);
        }
        if !self.patience.is_wanted() || purpose == Use::Tables || self.is_at_limit() {
            return None;
        }
        let (chunk, waited) = self.patience.wait(draw);
        if waited > 0 {
            self.header.add_u32(header::WAITED_MS, waited);
        }
        if chunk.is_some() {
            // Relaxed: as above.
            self.full.store(false, Ordering::Relaxed);
        }
        chunk
    }

    /// As `draw`, without waiting.
    fn draw_at_once(&self, size: usize, least: usize, purpose: Use) -> Option<Chunk> {
        match &self.pool {
            Some(pool) if purpose != Use::Tables => self.draw_pooled(pool, purpose),
            _ => self
                .draw_spare(size, least)
                .or_else(|| self.draw_fresh(size as u64, least as u64, purpose)),
        }
    }

    fn draw_spare(&self, size: usize, least: usize) -> Option<Chunk> {
        if self.is_closed() {
            return None;
        }
        let chunk = self.spare.draw(size, least)?;
        self.slots.hold(chunk.offset() / SLOT);
        Some(chunk)
    }

    /// Bytes drawn so far, those of a flight recording over and over.
    fn drawn(&self) -> u64 {
        let pooled = self.pool.as_ref().map_or(0, Pool::drawn);
        pooled.max(self.handed_out())
    }

    /// Bytes of the file handed out so far.
    fn handed_out(&self) -> u64 {
        // Relaxed: it may be old.
        self.next.load(Ordering::Relaxed) & !CLOSED
    }

    /// Makes `ahead` bytes ready.
    fn prepare(&self, ahead: u64) {
        match &self.pool {
            None => self.prepare_fresh(ahead),
            Some(pool) => {
                self.prepare_fresh(ahead.min(pool.to_come()));
                self.prepare_pooled(pool, ahead);
            }
        }
    }

    /// Gives back the pages of slots that are used up, from `oldest` on.
    /// Returns the first one that is not done with.
    fn release(&self, oldest: u64) -> u64 {
        let mut done = oldest;
        // A flight recording uses all of its chunks again.
        let used_up = oldest..match self.pool {
            None => self.handed_out() / SLOT,
            Some(_) => 0,
        };
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

    /// Whether there was no room for accesses, and may be again.
    fn is_short(&self) -> bool {
        // Relaxed: a hint.
        self.full.load(Ordering::Relaxed) && !self.is_at_limit()
    }

    /// Whether waiting for room would be in vain.
    fn is_at_limit(&self) -> bool {
        lock(&self.ground).is_at_limit()
    }

    fn is_closed(&self) -> bool {
        // Relaxed: whoever moves `next` afterwards fails.
        self.next.load(Ordering::Relaxed) & CLOSED != 0
    }

    /// Closes a chunk with `used` bytes of payload.
    pub(crate) fn close(&self, chunk: Chunk, used: usize) {
        if let Some(pool) = &self.pool {
            return self.close_pooled(pool, &chunk, used);
        }
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod flight_tests;
