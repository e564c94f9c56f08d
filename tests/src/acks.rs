//! What the program of `violence` tells whoever runs it, while it runs: how many
//! steps each worker has done.
//!
//! The counters lie in a file that both map, so telling is one store, it costs
//! the program nothing that could hide a loss, and it outlives the process. A
//! step is told after its operations have returned; so whatever is told must be
//! in the recording.
#![allow(unsafe_code)] // A mapped file.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::{MmapOptions, MmapRaw};

/// Workers that tell.
pub const WORKERS: usize = 4;
/// Writes of a round to the worker's own data.
pub const WRITES: u64 = 4;
/// Steps of a round: the writes, an addition to the worker's own atomic, the
/// take of the common lock with an update of what it guards, its drop, a
/// message.
pub const STEPS: u64 = WRITES + 4;
/// Accesses of a round: the writes, and the update's two.
pub const ACCESSES: u64 = WRITES + 2;
/// Words between two counters: those of two workers share no cache line.
const APART: usize = 16;
/// Bytes of the file: two tables of counters, and a word behind each.
const SIZE: usize = 4096;

/// The counters.
pub struct Acks {
    page: MmapRaw,
}

impl Acks {
    /// Those in the file at `path`, which is made if it is not there.
    ///
    /// # Errors
    /// If the file can't be opened or mapped.
    pub fn open(path: &Path) -> io::Result<Acks> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(path)?;
        file.set_len(SIZE as u64)?;
        let page = MmapOptions::new().len(SIZE).map_raw(&file)?;
        Ok(Acks { page })
    }

    fn word(&self, index: usize) -> &AtomicU64 {
        assert!(index < SIZE / 8, "a word of the file");
        // SAFETY: an aligned word of the mapping, which lives as long as
        // `self` and is only accessed atomically.
        unsafe { AtomicU64::from_ptr(self.page.as_mut_ptr().cast::<u64>().add(index)) }
    }

    /// A worker has done so many steps.
    pub fn tell(&self, worker: usize, steps: u64) {
        // Release: what the worker did before it comes before it.
        self.word(worker * APART).store(steps, Ordering::Release);
    }

    /// Steps that a worker has told.
    #[must_use]
    pub fn told(&self, worker: usize) -> u64 {
        // Acquire: with `tell`.
        self.word(worker * APART).load(Ordering::Acquire)
    }

    /// Steps that all workers have told.
    #[must_use]
    pub fn all(&self) -> u64 {
        (0..WORKERS).map(|worker| self.told(worker)).sum()
    }

    /// Keeps what is told up to now: the recording is about to end while the
    /// workers go on.
    pub fn keep(&self) {
        for worker in 0..WORKERS {
            let kept = self.word((WORKERS + worker) * APART);
            // Relaxed: read when the process is gone.
            kept.store(self.told(worker), Ordering::Relaxed);
        }
    }

    /// What was kept for a worker.
    #[must_use]
    pub fn kept(&self, worker: usize) -> u64 {
        // Relaxed: as above.
        self.word((WORKERS + worker) * APART)
            .load(Ordering::Relaxed)
    }
}
