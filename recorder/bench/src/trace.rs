//! What was recorded: counts of a trace file.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use hbtrace_traces::format::layout::{CHUNK_HEADER, PAGE, StreamKind, chunk};
use hbtrace_traces::read;

/// What a trace file holds.
#[derive(Clone, Copy, Default, Debug)]
pub struct Held {
    /// Bytes of the file.
    pub bytes: u64,
    /// Bytes of chunks of accesses, headers and unfilled space included.
    pub access_bytes: u64,
    /// Sync events.
    pub sync: u64,
    /// Plain accesses.
    pub accesses: u64,
    /// Events that the recorder counted as lost.
    pub lost: u64,
}

impl Held {
    /// Reads a trace file.
    ///
    /// # Errors
    /// If it can't be read, or is no sound trace.
    pub fn by(path: &Path) -> io::Result<Held> {
        let bytes = path.metadata()?.len();
        let trace = read::open(path, read::Options::default()).map_err(io::Error::other)?;
        let streams = trace.streams.iter();
        let accesses = streams.map(|stream| stream.accesses.count()).sum();
        Ok(Held {
            bytes,
            access_bytes: bytes_of(path, StreamKind::Access)?,
            sync: trace.sync_events(),
            accesses,
            lost: trace.info.lost_events,
        })
    }

    /// Bytes of the file for one event, whatever its kind.
    #[must_use]
    pub fn bytes_per_event(&self) -> f64 {
        self.bytes as f64 / (self.sync + self.accesses).max(1) as f64
    }
}

/// Bytes of all chunks of a kind.
fn bytes_of(path: &Path, kind: StreamKind) -> io::Result<u64> {
    let file = File::open(path)?;
    let end = file.metadata()?.len();
    let (mut offset, mut bytes) = (PAGE as u64, 0);
    let mut head = [0; CHUNK_HEADER];
    while offset + CHUNK_HEADER as u64 <= end {
        file.read_exact_at(&mut head, offset)?;
        let word = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|n| head[at + n]));
        let own = u64::from(word(chunk::OFFSET)) | u64::from(word(chunk::OFFSET + 4)) << 32;
        let is_chunk = word(chunk::MAGIC) == chunk::MAGIC_VALUE && own == offset;
        let size = match is_chunk {
            true => u64::from(word(chunk::SIZE)).max(PAGE as u64),
            // Space that was not drawn.
            false => PAGE as u64,
        };
        if is_chunk && head[chunk::STREAM] == kind as u8 {
            bytes += size;
        }
        offset += size;
    }
    Ok(bytes)
}
