//! A thread's end of one stream: where its next word goes.
//!
//! The only place where events are stored. An event's first word is stored
//! last, so a reader of the file meets whole events only.
#![allow(unsafe_code)] // Stores into the mapped file.

use std::cell::Cell;

use hbtrace_traces::event::MemoryOrder;
use hbtrace_traces::format::layout::{CHUNK_MAX, PAGE};
use hbtrace_traces::format::words::{NUMBER_WORD, with_kind};
use hbtrace_traces::kind::Kind;

use crate::chunk::{Chunk, Head};
use crate::primitive::{AtomicU64, Ordering};
use crate::session::Shared;

/// A pending event: where its number goes, and its first word.
#[derive(Clone, Copy)]
pub(crate) struct NumberSlot {
    at: *mut u64,
    first: u64,
}

impl NumberSlot {
    /// Completes the event.
    #[inline]
    pub(crate) fn fill(self, number: u64) {
        store(self.at, number);
    }

    /// Completes the event as one of another kind and order.
    pub(crate) fn fill_as(self, kind: Kind, order: MemoryOrder, number: u64) {
        let first = self.at.wrapping_sub(NUMBER_WORD);
        store(first, with_kind(self.first, kind, order));
        store(self.at, number);
    }
}

/// Stores a word of the file; it is seen after the words stored before it.
#[inline]
fn store(at: *mut u64, word: u64) {
    // SAFETY: `at` is a word of a chunk of this thread, as the cursor's room
    // checks see to, mapped to the end of the process and accessed atomically.
    let slot = unsafe { AtomicU64::from_ptr(at) };
    // Release: an event's first word comes after its others.
    slot.store(word.to_le(), Ordering::Release);
}

/// The thread's end of one stream.
pub(crate) struct Stream {
    /// First word of the chunk's payload.
    first: Cell<*mut u64>,
    next: Cell<*mut u64>,
    end: Cell<*mut u64>,
    chunk: Cell<Option<Chunk>>,
    /// Words of all chunks before this one.
    before: Cell<u64>,
    sequence: Cell<u32>,
    /// Size of the next chunk.
    size: Cell<usize>,
}

impl Stream {
    /// Without a chunk: no room.
    pub(crate) const fn new() -> Stream {
        Stream {
            first: Cell::new(std::ptr::null_mut()),
            next: Cell::new(std::ptr::null_mut()),
            end: Cell::new(std::ptr::null_mut()),
            chunk: Cell::new(None),
            before: Cell::new(0),
            sequence: Cell::new(0),
            size: Cell::new(PAGE),
        }
    }

    /// Words that fit into the current chunk.
    #[inline]
    pub(crate) fn room(&self) -> usize {
        (self.end.get().addr() - self.next.get().addr()) / 8
    }

    /// Words of the current chunk that are written.
    fn used(&self) -> usize {
        (self.next.get().addr() - self.first.get().addr()) / 8
    }

    /// Words of the stream so far.
    pub(crate) fn position(&self) -> u64 {
        self.before.get() + self.used() as u64
    }

    /// Stores one word; there is room for it.
    #[inline]
    pub(crate) fn push(&self, word: u64) {
        store(self.next.get(), word);
        self.next.set(self.next.get().wrapping_add(1));
    }

    /// Stores the words of a sync event; there is room for them.
    pub(crate) fn push_event(&self, words: &[u64]) -> NumberSlot {
        let first = self.next.get();
        for (index, word) in words.iter().enumerate().skip(1) {
            store(first.wrapping_add(index), *word);
        }
        store(first, words[0]);
        self.next.set(first.wrapping_add(words.len()));
        NumberSlot {
            at: first.wrapping_add(NUMBER_WORD),
            first: words[0],
        }
    }

    /// Closes the chunk; the stream can go on with another.
    pub(crate) fn close(&self, shared: &Shared) {
        let used = self.used();
        self.before.set(self.before.get() + used as u64);
        self.first.set(std::ptr::null_mut());
        self.next.set(std::ptr::null_mut());
        self.end.set(std::ptr::null_mut());
        if let Some(chunk) = self.chunk.take() {
            shared.close(chunk, used * 8);
        }
    }

    /// Goes on in a fresh chunk.
    pub(crate) fn open(&self, chunk: Chunk, head: &Head) {
        chunk.open(head);
        let (first, end) = chunk.payload();
        self.first.set(first);
        self.next.set(first);
        self.end.set(end);
        self.chunk.set(Some(chunk));
        self.sequence.set(self.sequence.get() + 1);
        self.size.set((self.size.get() * 2).min(CHUNK_MAX));
    }

    /// Size of the next chunk, in bytes.
    pub(crate) fn next_size(&self) -> usize {
        self.size.get()
    }

    /// The next chunk is a small one: little will follow.
    pub(crate) fn shrink(&self) {
        self.size.set(PAGE);
    }

    /// Words of all chunks before, and how many there were.
    pub(crate) fn place(&self) -> (u64, u32) {
        (self.before.get(), self.sequence.get())
    }
}
