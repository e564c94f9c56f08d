//! What was recorded: counts of a trace file.

use std::io;
use std::path::Path;

use hbtrace_traces::pack;
use hbtrace_traces::read;

/// What a trace file holds.
#[derive(Clone, Copy, Default, Debug)]
pub struct Held {
    /// Bytes of the file.
    pub bytes: u64,
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

/// Bytes of a trace file when it is packed, as `hbtrace pack` does it.
///
/// # Errors
/// If it can't be packed.
pub fn packed(path: &Path) -> io::Result<u64> {
    let target = path.with_extension("packed");
    let sizes = pack::pack(path, &target, 2).map_err(io::Error::other)?;
    std::fs::remove_file(target)?;
    Ok(sizes.packed)
}
