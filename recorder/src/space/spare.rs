//! Pieces of the file that lay within what was handed out and are free: what
//! an ending thread's chunk did not need, and ends of slots.

use crate::chunk::Chunk;
use crate::primitive::{AtomicUsize, Mutex, Ordering, lock};

/// Free pieces.
pub(super) struct Spare {
    pieces: Mutex<Vec<Chunk>>,
    /// Size of the largest, so that who needs more does not take the lock.
    largest: AtomicUsize,
}

impl Spare {
    pub(super) const fn new() -> Spare {
        Spare {
            pieces: Mutex::new(Vec::new()),
            largest: AtomicUsize::new(0),
        }
    }

    /// Takes in a piece.
    pub(super) fn put(&self, piece: Chunk) {
        let mut pieces = lock(&self.pieces);
        // Relaxed: a hint; the lock orders the rest.
        self.largest.fetch_max(piece.size(), Ordering::Relaxed);
        pieces.push(piece);
    }

    /// A chunk of up to `size` bytes and at least `least`, if there is one.
    pub(super) fn draw(&self, size: usize, least: usize) -> Option<Chunk> {
        // Relaxed: as above.
        if self.largest.load(Ordering::Relaxed) < least {
            return None;
        }
        let mut pieces = lock(&self.pieces);
        let at = pieces.iter().rposition(|piece| piece.size() >= least);
        let Some(at) = at else {
            // None was as large as the hint says.
            let largest = pieces.iter().map(Chunk::size).max().unwrap_or(0);
            // Relaxed: as above.
            self.largest.store(largest, Ordering::Relaxed);
            return None;
        };
        let mut chunk = pieces.swap_remove(at);
        if let Some(rest) = chunk.split(size.min(chunk.size())) {
            pieces.push(rest);
        }
        Some(chunk)
    }
}
