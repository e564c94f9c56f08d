//! The tables of the file: names of threads, objects and sites, written when
//! the thing is first seen.
//!
//! A flight recording lasts for ever, and so its names must not add up: those
//! of sites stay, and those of threads and objects up to [`LASTING`]. Later
//! ones are *passing*: they lie in the pool, and are recycled with the events
//! of their time. A thread that goes on tells its name again.

use hbtrace_traces::format::layout::{CHUNK_HEADER, StreamKind};
use hbtrace_traces::format::table::{Record, encode};

use crate::chunk::{Chunk, Head};
use crate::primitive::{Mutex, lock};
use crate::space::{Space, Use};
use crate::ticks;

/// Size of a chunk of tables: it must hold the largest record.
const TABLE_CHUNK: usize = 32 * 1024;
/// Bytes of names in a flight recording that stay.
const LASTING: u64 = 1 << 20;

/// The end of the tables.
pub(crate) struct Table {
    lasting: Mutex<Tail>,
    passing: Mutex<Tail>,
}

struct Tail {
    purpose: Use,
    chunk: Option<Chunk>,
    /// Bytes of its payload that are taken.
    used: usize,
    /// Chunks so far.
    sequence: u32,
    /// Words of all chunks before.
    position: u64,
}

impl Table {
    pub(crate) const fn new() -> Table {
        Table {
            lasting: Mutex::new(Tail::new(Use::Tables)),
            passing: Mutex::new(Tail::new(Use::Passing)),
        }
    }

    /// Adds a record. Without room for it the thing stays nameless. Returns
    /// whether it will pass.
    pub(crate) fn append(&self, record: &Record, space: &Space) -> bool {
        let Some(bytes) = encode(record) else {
            return false;
        };
        let may_pass =
            space.is_flight() && !matches!(record, Record::Site { .. } | Record::Module { .. });
        let mut lasting = lock(&self.lasting);
        if !may_pass || lasting.bytes() < LASTING {
            lasting.append(&bytes, space);
            return false;
        }
        drop(lasting);
        lock(&self.passing).append(&bytes, space);
        true
    }
}

impl Tail {
    const fn new(purpose: Use) -> Tail {
        Tail {
            purpose,
            chunk: None,
            used: 0,
            sequence: 0,
            position: 0,
        }
    }

    /// Bytes of all records.
    fn bytes(&self) -> u64 {
        self.position * 8 + self.used as u64
    }

    fn append(&mut self, bytes: &[u8], space: &Space) {
        let size = (4 + bytes.len()).next_multiple_of(8);
        if !self.has_room(size) {
            self.next(space);
        }
        if self.has_room(size) {
            self.put(bytes, size);
        }
    }

    fn has_room(&self, size: usize) -> bool {
        self.chunk
            .as_ref()
            .is_some_and(|chunk| CHUNK_HEADER + self.used + size <= chunk.size())
    }

    /// Adds a record that takes `size` bytes; there is room for it.
    fn put(&mut self, bytes: &[u8], size: usize) {
        if let Some(chunk) = &self.chunk {
            chunk.put_record(self.used, bytes);
            self.used += size;
        }
    }

    fn next(&mut self, space: &Space) {
        // Before it is drawn, as for all chunks.
        let ticks = ticks::now();
        let Some(chunk) = space.draw(TABLE_CHUNK, TABLE_CHUNK, self.purpose) else {
            return;
        };
        if let Some(full) = self.chunk.take() {
            space.close_names(full, self.used, self.purpose);
            self.position += (self.used / 8) as u64;
        }
        chunk.open(&Head {
            stream: StreamKind::Table,
            thread: 0,
            sequence: self.sequence,
            site: 0,
            position: self.position,
            accesses: 0,
            ticks,
        });
        self.chunk = Some(chunk);
        self.used = 0;
        self.sequence += 1;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::settings::Settings;

    fn record(thread: u32) -> Record {
        Record::Thread {
            thread,
            os_id: 1,
            name: Some(format!("a worker of some name, {thread}")),
            foreign: false,
        }
    }

    #[test]
    fn names_of_a_flight_recording_do_not_add_up() {
        let mut settings = Settings::of(std::path::Path::new(""));
        settings.flight = Some(1 << 20);
        let space = Space::new(tempfile::tempfile().unwrap(), &settings).unwrap();
        let table = Table::new();
        let passes = (0..200_000).filter(|thread| table.append(&record(*thread), &space));
        let passes = passes.count();
        assert!((100_000..199_000).contains(&passes), "{passes}");
        space.finish(0);
        assert!(space.file().metadata().unwrap().len() < 3 << 20);
    }

    #[test]
    fn names_of_a_stream_all_stay() {
        let settings = Settings::of(std::path::Path::new(""));
        let space = Space::new(tempfile::tempfile().unwrap(), &settings).unwrap();
        let table = Table::new();
        assert!((0..100_000).all(|thread| !table.append(&record(thread), &space)));
    }
}
