//! Chunks that ending threads left unfilled, for the next threads to go on in:
//! with a hundred thousand threads that record little, each would else take
//! two pages of the file, whatever it wrote.
//!
//! The chunk stays open. Whoever goes on in it writes a switch first, which
//! says whose events follow.

use hbtrace_traces::format::layout::{CHUNK_HEADER, StreamKind};

use crate::chunk::Chunk;
use crate::primitive::{Mutex, lock};

/// Kept for each stream. Where more threads end at once, chunks are closed.
const MOST: usize = 64;
/// Room that a chunk must have: for a switch, for any event, and for what is
/// kept for releases.
const ROOM: usize = 1024;

/// A chunk that a thread left.
pub(crate) struct Left {
    pub(crate) chunk: Chunk,
    /// Bytes of its payload that are written.
    pub(crate) used: usize,
}

/// All of them.
pub(super) struct LeftBehind {
    sync: Mutex<Vec<Left>>,
    accesses: Mutex<Vec<Left>>,
}

impl LeftBehind {
    pub(super) fn new() -> LeftBehind {
        LeftBehind {
            sync: Mutex::new(Vec::with_capacity(MOST)),
            accesses: Mutex::new(Vec::with_capacity(MOST)),
        }
    }

    fn of(&self, stream: StreamKind) -> &Mutex<Vec<Left>> {
        match stream {
            StreamKind::Access => &self.accesses,
            _ => &self.sync,
        }
    }

    /// Takes in a chunk, or gives it back to be closed.
    pub(super) fn put(&self, stream: StreamKind, left: Left) -> Option<Left> {
        let room = left.chunk.size() - CHUNK_HEADER - left.used;
        if room < ROOM || !left.chunk.may_switch() {
            return Some(left);
        }
        let mut all = lock(self.of(stream));
        if all.len() == MOST {
            return Some(left);
        }
        all.push(left);
        None
    }

    /// The one that was left last.
    pub(super) fn take(&self, stream: StreamKind) -> Option<Left> {
        lock(self.of(stream)).pop()
    }
}

#[cfg(all(test, loom))]
mod models;
