//! The two streams of a thread.

use std::io;

use super::chunks::{Chunks, StreamWriter};
use crate::event::{Access, AccessKind, NO_TIME};
use crate::format::layout::StreamKind;
use crate::format::words::{self, ACCESS_WORDS_MAX, ADDRESS_BITS, ADDRESS_MASK, Escape};
use crate::id::SiteId;
use crate::trace::{Slice, Stream};

/// Writes both streams of `thread`.
pub(super) fn write(thread: u32, stream: &Stream, chunks: &mut Chunks) -> io::Result<()> {
    let mut accesses = AccessWriter {
        writer: StreamWriter::new(StreamKind::Access, thread),
        slices: &stream.slices,
    };
    let mut sync = StreamWriter::new(StreamKind::Sync, thread);
    let mut position = 0;
    for event in &stream.sync {
        let before = accesses.writer.position();
        accesses.write(stream, position..event.accesses, chunks)?;
        position = event.accesses;
        let delta = accesses.writer.position() - before;
        let mut out = [0; words::SYNC_WORDS_MAX];
        let used = words::encode_sync(event, delta, 0, false, &mut out);
        sync.push(&out[..used], chunks)?;
    }
    accesses.write(stream, position..stream.accesses.end(), chunks)?;
    accesses.writer.flush(chunks)?;
    sync.flush(chunks)
}

/// Writes the accesses of a thread.
struct AccessWriter<'a> {
    writer: StreamWriter,
    /// Slices that have not begun yet.
    slices: &'a [Slice],
}

impl AccessWriter<'_> {
    /// Writes the accesses at positions `range`.
    fn write(
        &mut self,
        stream: &Stream,
        range: std::ops::Range<u64>,
        chunks: &mut Chunks,
    ) -> io::Result<()> {
        let mut result = Ok(());
        stream.accesses.walk(range, |position, access| {
            if result.is_ok() {
                result = self.push(position, &access, chunks);
            }
        });
        result
    }

    fn push(&mut self, position: u64, access: &Access, chunks: &mut Chunks) -> io::Result<()> {
        let mut out = [0; ACCESS_WORDS_MAX];
        let mut used = 0;
        // A slice of a mapped stream begins at its first escape.
        if let Some((slice, rest)) = self.slices.split_first()
            && slice.from <= position
        {
            self.slices = rest;
            used = say(Escape::Stamp, slice.stamp, used, &mut out);
        }
        if access.time != NO_TIME {
            used = say(Escape::Time, access.time, used, &mut out);
        }
        let mut words = [0; 3];
        let count = words::encode_access(
            access.kind == AccessKind::Write,
            access.location.start,
            access.location.len,
            access.site,
            SiteId::UNKNOWN,
            &mut words,
        );
        out[used..used + count].copy_from_slice(&words[..count]);
        self.writer.push(&out[..used + count], chunks)
    }
}

/// Puts an escape, with its upper bits before it where it has any.
fn say(escape: Escape, value: u64, at: usize, out: &mut [u64; ACCESS_WORDS_MAX]) -> usize {
    let high = value >> ADDRESS_BITS;
    let mut at = at;
    if high != 0 {
        out[at] = words::escape(Escape::High, high);
        at += 1;
    }
    out[at] = words::escape(escape, value & ADDRESS_MASK);
    at + 1
}
