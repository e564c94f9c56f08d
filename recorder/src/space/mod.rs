//! The space of the file, handed out as chunks.
//!
//! # Who does what
//!
//! The file [grows](ground) by large steps and lies in memory in [slots]. What
//! was never used is taken from it a [stride](frontier) of 256 KiB at a time.
//! The [helper] takes strides ahead of those who need them (how far ahead, says
//! [pace]), makes them ready, so that whoever writes there meets no fault, and
//! puts them into the [stock], from which a thread draws one by one
//! compare-exchange. Where the helper is behind, the thread [waits](work) for what
//! the helper is just at, if that can't take long; else, or if there is no
//! helper, it takes and populates a stride itself, and that is counted.
//!
//! Threads that write little get a part of a stride; the rest of it, and what
//! an ending thread's chunk did not need, are [spare] pieces. A [flight]
//! recording uses its chunks again and again. What an ending thread [left]
//! unfilled goes to the next new one. [Patience](patience) is whether to
//! wait for room.

mod bound;
mod flight;
mod frontier;
mod ground;
mod helper;
mod left;
mod limits;
mod pace;
mod patience;
mod slots;
mod spare;
mod stock;
mod usage;
mod work;

use std::fs::File;
use std::io;
use std::path::Path;

use hbtrace_traces::format::layout::{PAGE, StreamKind, header};

use crate::chunk::Chunk;
use crate::header::Header;
use crate::primitive::{AtomicBool, AtomicU64, Mutex, Ordering, lock};
use crate::settings::Settings;
use flight::Pool;
use frontier::STRIDE;
use ground::Ground;
use helper::Bell;
use left::LeftBehind;
use patience::Patience;
use slots::{SLOT, Slots};
use spare::Spare;
use stock::Stock;
use work::Work;

pub(crate) use bound::Bound;
pub(crate) use flight::Hold;
pub(crate) use helper::start as start_helper;
pub(crate) use left::Left;
pub(crate) use usage::Use;

/// In `highest`: nothing is handed out any more.
const CLOSED: u64 = 1 << 63;
/// Strides that may be ready.
const STOCK: usize = 128;

/// The file's space.
pub(crate) struct Space {
    file: File,
    header: Header,
    slots: Slots,
    ground: Mutex<Ground>,
    spare: Spare,
    cutting: Mutex<()>,
    next: AtomicU64,
    end: AtomicU64,
    /// Strides that are ready.
    stock: Stock,
    /// Where the chunk ends that was handed out and lies highest.
    highest: AtomicU64,
    /// Kept for sync events and tables.
    reserve: u64,
    /// No more chunks of accesses: what is left is kept for sync events.
    full: AtomicBool,
    patience: Patience,
    left: LeftBehind,
    /// The chunks of a flight recording.
    pool: Option<Pool>,
    /// What the helper is at.
    work: Work,
    /// How the helper is woken.
    bell: Bell,
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
        let end = ground.begin(&file, &slots)?;
        let header = Header::map(&file)?;
        if let Some((asked, pool)) = settings.flight.zip(pool.as_ref()) {
            pool.tell_size(asked, ground.bound(), &header);
        }
        let space = Space {
            header,
            file,
            slots,
            ground: Mutex::new(ground),
            spare: Spare::new(),
            cutting: Mutex::new(()),
            next: AtomicU64::new(PAGE as u64),
            end: AtomicU64::new(end),
            stock: Stock::new(STOCK),
            highest: AtomicU64::new(PAGE as u64),
            reserve,
            full: AtomicBool::new(false),
            patience: Patience::new(settings.wait),
            left: LeftBehind::new(),
            pool,
            work: Work::new(),
            bell: Bell::new(),
        };
        space.prepare_first();
        Ok(space)
    }

    /// Makes the first stride ready. Else the helper might be at it when the
    /// first thread needs one, which would go on behind it, so that a file with
    /// little in it was a stride longer now and then.
    fn prepare_first(&self) {
        if self.pool.is_none() {
            // The descriptor was opened just now.
            let zeros = (!self.is_in_memory()).then(|| vec![0; STRIDE as usize]);
            self.prepare(1, zeros.as_deref());
        }
    }

    /// The file.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// The file, to be read: its descriptor, or what is at `path`, if that is it.
    pub(crate) fn source(&self, path: &Path) -> io::Result<File> {
        let own = |file: File| lock(&self.ground).is_file(&file).then_some(file);
        if let Some(file) = self.file.try_clone().ok().and_then(own) {
            return Ok(file);
        }
        let gone = || io::Error::from(io::ErrorKind::StaleNetworkFileHandle);
        own(File::open(path)?).ok_or_else(gone)
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
        // Names are drawn for with a lock held.
        let waits = matches!(purpose, Use::Accesses | Use::Order);
        if !self.patience.is_wanted() || !waits || self.is_at_limit() {
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
        if self.is_closed() {
            return None;
        }
        let chunk = match &self.pool {
            Some(pool) if purpose != Use::Tables => self.draw_pooled(pool, purpose),
            _ => self.draw_streamed(size, least, purpose),
        }?;
        self.hand_out(chunk)
    }

    fn draw_streamed(&self, size: usize, least: usize, purpose: Use) -> Option<Chunk> {
        // A thread that writes much would come back for more at once.
        let enough = least.max(size / 2);
        if let Some(chunk) = self.draw_spare(size, enough) {
            return Some(chunk);
        }
        // Of many threads that begin at once, one cuts a stride up for all.
        let _cutting = (size as u64 <= STRIDE / 2).then(|| lock(&self.cutting));
        if let Some(chunk) = self.draw_spare(size, enough) {
            return Some(chunk);
        }
        let Some(mut chunk) = self.draw_stride(least as u64, purpose) else {
            return self.draw_spare(size, least);
        };
        if let Some(rest) = chunk.split(size.min(chunk.size())) {
            self.spare.put(rest);
        }
        Some(chunk)
    }

    fn draw_spare(&self, size: usize, least: usize) -> Option<Chunk> {
        let chunk = self.spare.draw(size, least)?;
        self.slots.hold(chunk.offset() / SLOT);
        Some(chunk)
    }

    /// Bytes of a flight recording's pool; 0 for a stream.
    pub(crate) fn pool_bytes(&self) -> u64 {
        self.pool.as_ref().map_or(0, Pool::bytes)
    }

    /// Keeps what had happened by `ticks` from being recycled.
    pub(crate) fn hold(&self, ticks: u64) -> Hold<'_> {
        Hold::begin(self.pool.as_ref(), ticks)
    }

    /// Bytes drawn so far, those of a flight recording over and over.
    pub(crate) fn drawn(&self) -> u64 {
        match &self.pool {
            None => self.taken() - self.stock.len() * STRIDE,
            Some(pool) => pool.drawn(),
        }
    }

    /// Bytes of the file taken so far, to be handed out or to be made ready.
    fn taken(&self) -> u64 {
        // Relaxed: it may be old.
        self.next.load(Ordering::Relaxed)
    }

    /// Makes more ready, if it is less than `ahead` bytes. Returns whether it
    /// was.
    fn prepare(&self, ahead: u64, zeros: Option<&[u8]>) -> bool {
        if let Some(pool) = &self.pool {
            return self.prepare_pooled(pool, ahead, zeros);
        }
        self.grow_ahead(2 * ahead);
        if self.stock.is_full() || self.stock.len() * STRIDE >= ahead || self.is_closed() {
            return false;
        }
        let stride = self.prepare_stride(zeros);
        if let Some(stride) = &stride {
            self.stock.put(stride.offset());
        }
        stride.is_some()
    }

    /// Gives back the pages of slots that are used up, from `oldest` on.
    /// Returns the first one that is not done with.
    fn release(&self, oldest: u64) -> u64 {
        let mut done = oldest;
        // A flight recording uses all of its chunks again.
        let used_up = oldest..match self.pool {
            None => self.taken() / SLOT,
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

    fn is_in_memory(&self) -> bool {
        ground::is_in_memory(&self.file)
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

    pub(crate) fn is_closed(&self) -> bool {
        // SeqCst: with `finish`, so that the helper, which has told that it is
        // at work, or `finish` sees the other. Else a hint; `hand_out` decides.
        self.highest.load(Ordering::SeqCst) & CLOSED != 0
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

    /// Closes a chunk of names.
    pub(crate) fn close_names(&self, chunk: Chunk, used: usize, purpose: Use) {
        match self.pool {
            Some(_) if purpose == Use::Tables => chunk.seal(used),
            _ => self.close(chunk, used),
        }
    }

    /// Whether its chunks are used again and again.
    pub(crate) fn is_flight(&self) -> bool {
        self.pool.is_some()
    }

    /// A point in time of a flight recording: bytes drawn so far.
    pub(crate) fn now(&self) -> u64 {
        self.pool.as_ref().map_or(0, Pool::drawn)
    }

    /// Whether half of the pool was drawn since.
    pub(crate) fn is_long_ago(&self, then: u64) -> bool {
        let pool = self.pool.as_ref();
        pool.is_some_and(|pool| pool.drawn().saturating_sub(then) > pool.bytes() / 2)
    }

    /// Takes the chunk of a thread that ends, for another to go on in.
    pub(crate) fn leave(&self, stream: StreamKind, left: Left) {
        if let Some(left) = self.left.put(stream, left) {
            self.close(left.chunk, left.used);
        }
    }

    /// A chunk that another thread has left.
    pub(crate) fn take_over(&self, stream: StreamKind) -> Option<Left> {
        self.left.take(stream).filter(|_| !self.is_closed())
    }

    /// Cuts the file to what was handed out, and ends the helper. Leaves the
    /// file's end as it is if that can't be done within `tries` milliseconds
    /// (an exit within a signal handler has interrupted who grows the file).
    pub(crate) fn finish(&self, mut tries: u32) {
        // SeqCst: with `Work::begin`, after which the helper looks at this.
        let highest = self.highest.fetch_or(CLOSED, Ordering::SeqCst);
        self.bell.end(&self.header);
        loop {
            // What the helper writes now would make the file longer again.
            let quiet = !self.work.is_under_way();
            if let Ok(mut ground) = self.ground.try_lock()
                && quiet
            {
                ground.closed = true;
                if ground.is_file(&self.file) {
                    // A failure leaves zeros at the end, which readers expect.
                    let _ = self.file.set_len(highest & !CLOSED);
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
