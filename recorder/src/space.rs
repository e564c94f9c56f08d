//! The space of the file: grown and mapped in large regions, handed out as
//! chunks.
//!
//! Growing allocates the blocks on disk (`posix_fallocate`) and looks at the
//! file-size limit first, so that a full disk or a limit is an answer here and
//! never a signal in the service. Regions stay mapped to the end of the
//! process: chunks are written without asking whether the session still runs.
#![allow(unsafe_code)] // System calls, and the birth of chunks.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use hbtrace_traces::format::layout::{CHUNK_MAX, PAGE};
use memmap2::{Advice, MmapOptions, MmapRaw};

use crate::chunk::Chunk;
use crate::primitive::{AtomicBool, Mutex, Ordering, lock};

const REGION_FIRST: u64 = 4 << 20;
/// Growing a file in memory clears its pages at once, while others wait for
/// space: 16 MiB keep that short, and make 1 TiB of the maps a process may have.
const REGION_MAX: u64 = 16 << 20;
const REGION_LEAST: u64 = CHUNK_MAX as u64;

/// The file's space.
pub(crate) struct Space {
    inner: Mutex<Inner>,
    /// No more chunks of accesses: what is left is kept for sync events.
    full: AtomicBool,
}

struct Inner {
    file: File,
    /// All of them; chunks come from the last.
    regions: Vec<MmapRaw>,
    /// Next byte to hand out, in the file.
    next: u64,
    /// Where the last region ends, and the file.
    end: u64,
    region: u64,
    limit: u64,
    /// Kept for sync events and tables.
    reserve: u64,
    /// Tails that ending threads gave back.
    free: Vec<Chunk>,
    /// The file was cut to size: nothing may be handed out any more.
    closed: bool,
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
        let limit = limit.min(file_size_limit()) / PAGE as u64 * PAGE as u64;
        let mut inner = Inner {
            file,
            regions: Vec::new(),
            next: PAGE as u64,
            end: 0,
            region: REGION_FIRST,
            limit,
            reserve: (limit / 8).min(1 << 20),
            free: Vec::new(),
            closed: false,
        };
        inner.grow()?;
        Ok(Space {
            inner: Mutex::new(inner),
            full: AtomicBool::new(false),
        })
    }

    /// The file.
    pub(crate) fn with_file<R>(&self, then: impl FnOnce(&File) -> R) -> R {
        then(&lock(&self.inner).file)
    }

    /// Draws a chunk of up to `size` bytes and at least `least`, both multiples
    /// of the page. `allocated` is told the new end of what is handed out,
    /// before anybody can write there.
    pub(crate) fn draw(
        &self,
        size: usize,
        least: usize,
        purpose: Use,
        allocated: impl FnOnce(u64),
    ) -> Option<Chunk> {
        // Relaxed: a hint that saves the lock.
        if purpose == Use::Accesses && self.full.load(Ordering::Relaxed) {
            return None;
        }
        let mut inner = lock(&self.inner);
        if inner.closed {
            return None;
        }
        if let Some(chunk) = inner.draw_free(size, least) {
            return Some(chunk);
        }
        let chunk = inner.draw_fresh(size as u64, least as u64, purpose);
        match &chunk {
            Some(_) => allocated(inner.next),
            // Relaxed: as above.
            None if purpose == Use::Accesses => self.full.store(true, Ordering::Relaxed),
            None => {}
        }
        chunk
    }

    /// Takes back what a closed chunk did not need.
    pub(crate) fn give_back(&self, rest: Chunk) {
        lock(&self.inner).free.push(rest);
    }

    /// Cuts the file to what was handed out. Does nothing if the lock is not to
    /// be had within `tries` milliseconds (an exit within a signal handler).
    pub(crate) fn finish(&self, mut tries: u32) {
        loop {
            if let Ok(mut inner) = self.inner.try_lock() {
                inner.closed = true;
                // A failure leaves zeros at the end, which readers expect.
                let _ = inner.file.set_len(inner.next);
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

impl Inner {
    fn draw_free(&mut self, size: usize, least: usize) -> Option<Chunk> {
        let at = self.free.iter().rposition(|piece| piece.size() >= least)?;
        let mut chunk = self.free.swap_remove(at);
        if let Some(rest) = chunk.split(size.min(chunk.size())) {
            self.free.push(rest);
        }
        Some(chunk.reuse())
    }

    fn draw_fresh(&mut self, size: u64, least: u64, purpose: Use) -> Option<Chunk> {
        let reserve = match purpose {
            Use::Accesses => self.reserve,
            Use::Order => 0,
        };
        if self.next + size + reserve > self.end {
            // If it can't, what is left may do.
            let _ = self.grow();
        }
        let left = self.end.saturating_sub(self.next + reserve);
        (left >= least).then(|| self.take(size.min(left)))?
    }

    /// Hands out the next `size` bytes of the last region.
    fn take(&mut self, size: u64) -> Option<Chunk> {
        let region = self.regions.last()?;
        let at = (self.next - (self.end - region.len() as u64)) as usize;
        // Faults in all pages at once. Where the kernel does not know how, or
        // there is no memory now, they come one by one.
        let _ = region.advise_range(Advice::PopulateWrite, at, size as usize);
        let base = region.as_mut_ptr().wrapping_add(at);
        // SAFETY: fresh zero bytes of a region that is never unmapped; `next`
        // moves on, so that nobody else gets them.
        let chunk = unsafe { Chunk::new(base, self.next, size as usize) };
        self.next += size;
        Some(chunk)
    }

    /// Adds a region. What was left of the last one becomes a free piece.
    fn grow(&mut self) -> io::Result<()> {
        let mut len = self.region.min(self.limit.saturating_sub(self.end));
        loop {
            if len < REGION_LEAST {
                return Err(io::ErrorKind::StorageFull.into());
            }
            match allocate(&self.file, self.end, len) {
                Ok(()) => break,
                Err(_) => len = len / 2 / PAGE as u64 * PAGE as u64,
            }
        }
        let region = MmapOptions::new()
            .offset(self.end)
            .len(len as usize)
            .map_raw(&self.file)?;
        let left = self.end.saturating_sub(self.next);
        if left > 0
            && let Some(piece) = self.take(left)
        {
            self.free.push(piece);
        }
        self.regions.push(region);
        self.end += len;
        self.region = (self.region * 2).min(REGION_MAX);
        Ok(())
    }
}

/// Allocates `len` bytes at the end of `file`, blocks on disk included.
fn allocate(file: &File, end: u64, len: u64) -> io::Result<()> {
    loop {
        // SAFETY: a system call on a descriptor that we own.
        let error = unsafe { libc::posix_fallocate(file.as_raw_fd(), end as i64, len as i64) };
        match error {
            0 => return Ok(()),
            libc::EINTR => {}
            error => return Err(io::Error::from_raw_os_error(error)),
        }
    }
}

/// The largest file that this process may write. Beyond it the kernel sends a
/// signal that kills.
fn file_size_limit() -> u64 {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `limit` is ours and outlives the call.
    let failed = unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &mut limit) } != 0;
    // Offsets are signed.
    let most = i64::MAX as u64;
    if failed {
        most
    } else {
        limit.rlim_cur.min(most)
    }
}
