//! Where the words of a thread's stream lie in the file.

use std::ops::Range;

/// A run of words of one thread's stream: a chunk, or a part of one between
/// two switches.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// The recorder's id.
    pub(crate) thread: u32,
    /// Position of its first word in the thread's stream.
    pub(crate) position: u64,
    /// Its bytes in the file.
    pub(crate) bytes: Range<u64>,
    /// Access runs: site that its first access refers to.
    pub(crate) site: u32,
    /// Ticks when its chunk was drawn.
    pub(crate) ticks: u64,
    /// Sync runs that begin a chunk: words of the thread's access stream before
    /// the last event that came before.
    pub(crate) accesses: Option<u64>,
}

impl Run {
    /// Words in it.
    pub(crate) fn words(&self) -> u64 {
        (self.bytes.end - self.bytes.start) / 8
    }
}
