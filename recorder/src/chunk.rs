//! Chunks: the pieces of the mapped file that writers fill.
//!
//! A chunk has one owner from its drawing to its closing. Its header's magic
//! is stored last, so that a chunk the process died within drawing reads as
//! zero and is skipped. One that is used again (in a flight recording) keeps
//! its header, which says that it is free until all else is in place.
#![allow(unsafe_code)] // Stores into the mapped file.

use hbtrace_traces::format::layout::{CHUNK_HEADER, PAGE, StreamKind, chunk};

use crate::primitive::{AtomicU8, AtomicU32, AtomicU64, Ordering, fence};

/// Largest chunk that one thread may go on in after another.
const SWITCH_MOST: usize = 64 << 10;

/// A piece of the mapped file. It can't be copied: whoever holds it owns it.
pub(crate) struct Chunk {
    base: *mut u8,
    offset: u64,
    size: usize,
    /// One that lies behind it was drawn before it.
    reused: bool,
}

// SAFETY: it is memory that stays mapped to the end of the process and that
// belongs to whoever holds the chunk.
unsafe impl Send for Chunk {}

/// What a chunk's header says.
pub(crate) struct Head {
    pub(crate) stream: StreamKind,
    pub(crate) thread: u32,
    pub(crate) sequence: u32,
    /// Access chunks: what sites count from; sync chunks: object that is
    /// waited for, plus 1.
    pub(crate) site: u32,
    pub(crate) position: u64,
    /// Sync chunks: words of accesses before the last event.
    pub(crate) accesses: u64,
    pub(crate) ticks: u64,
}

impl Chunk {
    /// `size` bytes at `base`, which is `offset` in the file.
    ///
    /// # Safety
    /// They must be zero, page-aligned, mapped to the end of the process, and
    /// nobody else's.
    pub(crate) unsafe fn new(base: *mut u8, offset: u64, size: usize) -> Chunk {
        Chunk {
            base,
            offset,
            size,
            reused: false,
        }
    }

    /// Marks it as drawn after one that lies behind it.
    pub(crate) fn reuse(mut self) -> Chunk {
        self.reused = true;
        self
    }

    /// Where it lies in the file.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether threads may switch in it: a reader walks all words of such a
    /// chunk, so large ones are not.
    pub(crate) fn may_switch(&self) -> bool {
        self.size <= SWITCH_MOST
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Its payload's first word and the end behind its last.
    pub(crate) fn payload(&self) -> (*mut u64, *mut u64) {
        let first = self.base.wrapping_add(CHUNK_HEADER).cast();
        (first, self.base.wrapping_add(self.size).cast())
    }

    /// Writes its header.
    pub(crate) fn open(&self, head: &Head) {
        self.set_u8(chunk::STREAM, head.stream as u8);
        self.set_u8(chunk::REUSED, u8::from(self.reused));
        let switches = head.stream != StreamKind::Table && self.may_switch();
        self.set_u8(chunk::SWITCHES, u8::from(switches));
        self.set_u64(chunk::OFFSET, self.offset);
        self.set_u32(chunk::SIZE, self.size as u32);
        self.set_u32(chunk::WRITER, head.thread);
        self.set_u32(chunk::THREAD, head.thread);
        self.set_u32(chunk::SEQUENCE, head.sequence);
        const _: () = assert!(chunk::SITE == chunk::WAITING);
        self.set_u32(chunk::SITE, head.site);
        self.set_u64(chunk::POSITION, head.position);
        self.set_u64(chunk::TICKS, head.ticks);
        self.set_u64(chunk::ACCESSES, head.accesses);
        // These come last: the state of a chunk that is used again, the magic
        // of a fresh one.
        self.set_u8(chunk::STATE, chunk::OPEN);
        self.set_u32(chunk::MAGIC, chunk::MAGIC_VALUE);
    }

    /// When it was drawn, as its header says.
    pub(crate) fn ticks(&self) -> u64 {
        let at = self.base.wrapping_add(chunk::TICKS).cast();
        // SAFETY: within the chunk, which is mapped; only accessed atomically.
        let field = unsafe { AtomicU64::from_ptr(at) };
        // Relaxed: whoever holds the chunk has stored it, or got it from who has.
        u64::from_le(field.load(Ordering::Relaxed))
    }

    /// Closes it with `used` bytes of payload.
    pub(crate) fn seal(&self, used: usize) {
        self.set_u32(chunk::USED, used as u32);
        self.set_u8(chunk::STATE, chunk::CLOSED);
    }

    /// Marks a closed chunk as one of which nothing counts any more.
    pub(crate) fn free(&self) {
        self.set_u8(chunk::STATE, chunk::FREE);
    }

    /// Makes a free chunk one that can be opened again. `used` bytes of its
    /// payload are not zero.
    pub(crate) fn wipe(&self, used: usize) {
        // Release: it is free before, so that no reader meets half a chunk.
        fence(Ordering::Release);
        let payload = self.base.wrapping_add(CHUNK_HEADER);
        // SAFETY: within the chunk, which is mapped and ours.
        unsafe { payload.write_bytes(0, used.min(self.size - CHUNK_HEADER)) };
    }

    /// Closes it with `used` bytes of payload, and gives up the whole pages
    /// behind them.
    pub(crate) fn close(mut self, used: usize) -> Option<Chunk> {
        self.seal(used);
        let kept = (CHUNK_HEADER + used).next_multiple_of(PAGE);
        let rest = self.split(kept)?;
        self.set_u32(chunk::SIZE, self.size as u32);
        Some(rest)
    }

    /// Keeps the first `size` bytes and returns the rest, if there is one.
    pub(crate) fn split(&mut self, size: usize) -> Option<Chunk> {
        let rest = self.size.checked_sub(size).filter(|rest| *rest > 0)?;
        self.size = size;
        let base = self.base.wrapping_add(size);
        // SAFETY: the rest of what was ours; nothing was written behind what
        // is kept, so it is still zero.
        Some(unsafe { Chunk::new(base, self.offset + size as u64, rest) })
    }

    /// Stores bytes at `at` of the payload and then, before them, their
    /// length: `at` is a multiple of 8 and there is room for both.
    pub(crate) fn put_record(&self, at: usize, bytes: &[u8]) {
        let at = CHUNK_HEADER + at;
        debug_assert!(
            at + 4 + bytes.len() <= self.size,
            "the caller saw to the room"
        );
        let to = self.base.wrapping_add(at + 4);
        // SAFETY: within the chunk, which is mapped and ours.
        unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        self.set_u32(at, bytes.len() as u32);
    }

    fn set_u8(&self, at: usize, value: u8) {
        // SAFETY: within the chunk, which is mapped; only accessed atomically.
        let field = unsafe { AtomicU8::from_ptr(self.base.wrapping_add(at)) };
        // Release: what was written before is in the file before it.
        field.store(value, Ordering::Release);
    }

    fn set_u32(&self, at: usize, value: u32) {
        // SAFETY: as above; offsets of such fields are multiples of 4.
        let field = unsafe { AtomicU32::from_ptr(self.base.wrapping_add(at).cast()) };
        // Release: as above.
        field.store(value.to_le(), Ordering::Release);
    }

    fn set_u64(&self, at: usize, value: u64) {
        // SAFETY: as above; offsets of such fields are multiples of 8.
        let field = unsafe { AtomicU64::from_ptr(self.base.wrapping_add(at).cast()) };
        // Release: as above.
        field.store(value.to_le(), Ordering::Release);
    }
}
