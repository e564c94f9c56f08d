//! Lays chunks end to end in a file.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};

use crate::format::layout::{CHUNK_HEADER, CHUNK_MAX, PAGE, StreamKind, chunk};

/// Words of payload in the largest chunk.
const WORDS_MAX: usize = (CHUNK_MAX - CHUNK_HEADER) / 8;

/// A file under way.
pub(super) struct Chunks {
    file: BufWriter<File>,
    end: u64,
}

impl Chunks {
    /// Begins behind the header page, which is written last.
    pub(super) fn new(file: File) -> io::Result<Chunks> {
        let mut file = BufWriter::with_capacity(CHUNK_MAX, file);
        file.write_all(&[0; PAGE])?;
        let end = PAGE as u64;
        Ok(Chunks { file, end })
    }

    /// Bytes so far.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Writes the header page, and sees to it that all is on its way.
    pub(super) fn finish(mut self, head: &[u8; PAGE]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(head)?;
        self.file.flush()
    }
}

/// One stream of one thread, written as chunks.
pub(super) struct StreamWriter {
    kind: StreamKind,
    thread: u32,
    sequence: u32,
    /// Words in chunks that are written already.
    position: u64,
    words: Vec<u64>,
}

impl StreamWriter {
    pub(super) fn new(kind: StreamKind, thread: u32) -> StreamWriter {
        StreamWriter {
            kind,
            thread,
            sequence: 0,
            position: 0,
            words: Vec::with_capacity(WORDS_MAX),
        }
    }

    /// Words so far.
    pub(super) fn position(&self) -> u64 {
        self.position + self.words.len() as u64
    }

    /// Appends the words of one event, which no chunk's end may part.
    pub(super) fn push(&mut self, words: &[u64], chunks: &mut Chunks) -> io::Result<()> {
        if self.words.len() + words.len() > WORDS_MAX {
            self.flush(chunks)?;
        }
        self.words.extend_from_slice(words);
        Ok(())
    }

    /// Writes the chunk under way, if there is anything in it.
    pub(super) fn flush(&mut self, chunks: &mut Chunks) -> io::Result<()> {
        if self.words.is_empty() {
            return Ok(());
        }
        let used = self.words.len() * 8;
        let size = (CHUNK_HEADER + used).next_multiple_of(PAGE);
        chunks.file.write_all(&self.head(chunks.end, size, used))?;
        for word in &self.words {
            chunks.file.write_all(&word.to_le_bytes())?;
        }
        let padding = size - CHUNK_HEADER - used;
        chunks.file.write_all(&[0; PAGE][..padding])?;
        chunks.end += size as u64;
        self.position = self.position();
        self.sequence += 1;
        self.words.clear();
        Ok(())
    }

    fn head(&self, offset: u64, size: usize, used: usize) -> [u8; CHUNK_HEADER] {
        let mut head = [0; CHUNK_HEADER];
        let mut put = |at: usize, bytes: &[u8]| head[at..at + bytes.len()].copy_from_slice(bytes);
        put(chunk::MAGIC, &chunk::MAGIC_VALUE.to_le_bytes());
        put(chunk::STREAM, &[self.kind as u8]);
        put(chunk::STATE, &[2]);
        put(chunk::OFFSET, &offset.to_le_bytes());
        put(chunk::SIZE, &(size as u32).to_le_bytes());
        put(chunk::USED, &(used as u32).to_le_bytes());
        put(chunk::WRITER, &self.thread.to_le_bytes());
        put(chunk::THREAD, &self.thread.to_le_bytes());
        put(chunk::SEQUENCE, &self.sequence.to_le_bytes());
        put(chunk::POSITION, &self.position.to_le_bytes());
        head
    }
}
