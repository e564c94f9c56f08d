//! The tables of the file: names of threads, objects and sites, written when
//! the thing is first seen.

use hbtrace_traces::format::layout::{CHUNK_HEADER, StreamKind};
use hbtrace_traces::format::table::{Record, encode};

use crate::chunk::{Chunk, Head};
use crate::primitive::{Mutex, lock};
use crate::space::{Space, Use};

/// Size of a chunk of tables: it must hold the largest record.
const TABLE_CHUNK: usize = 32 * 1024;

/// The end of the tables.
pub(crate) struct Table {
    tail: Mutex<Tail>,
}

struct Tail {
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
            tail: Mutex::new(Tail {
                chunk: None,
                used: 0,
                sequence: 0,
                position: 0,
            }),
        }
    }

    /// Adds a record. Without room for it the thing stays nameless.
    pub(crate) fn append(&self, record: &Record, space: &Space) {
        let Some(bytes) = encode(record) else { return };
        let mut tail = lock(&self.tail);
        let size = (4 + bytes.len()).next_multiple_of(8);
        if !tail.has_room(size) {
            tail.next(space);
        }
        if tail.has_room(size) {
            tail.put(&bytes, size);
        }
    }
}

impl Tail {
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
        let Some(chunk) = space.draw(TABLE_CHUNK, TABLE_CHUNK, Use::Tables) else {
            return;
        };
        if let Some(full) = self.chunk.take() {
            space.close(full, self.used);
            self.position += (self.used / 8) as u64;
        }
        chunk.open(&Head {
            stream: StreamKind::Table,
            thread: 0,
            sequence: self.sequence,
            site: 0,
            position: self.position,
            accesses: 0,
            ticks: 0,
        });
        self.chunk = Some(chunk);
        self.used = 0;
        self.sequence += 1;
    }
}
