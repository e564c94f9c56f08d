//! A thread's end of one stream: its chunk, and what came before it.

use std::cell::Cell;
use std::ptr::null_mut;

use hbtrace_traces::event::MemoryOrder;
use hbtrace_traces::format::layout::{CHUNK_MAX, PAGE, StreamKind};
use hbtrace_traces::format::words::{NUMBER_WORD, OBJECT_BITS, OBJECT_MASK, with_kind};
use hbtrace_traces::kind::Kind;

use super::edge::{Edge, load, store};
use crate::chunk::{Chunk, Head};
use crate::shared::Shared;
use crate::space::Left;

/// A pending event: where its number goes, and its first word.
#[derive(Clone, Copy)]
pub(crate) struct NumberSlot {
    at: *mut u64,
    first: *mut u64,
    first_word: u64,
    /// Compact events: what shares the number's word.
    object: Option<u64>,
}

/// A pending compact event: where it is.
#[derive(Clone, Copy)]
pub(crate) struct BriefSlot(pub(super) *mut u64);

impl BriefSlot {
    /// Completes the event with its second word.
    #[inline(always)]
    pub(crate) fn fill(self, second: u64) {
        store(self.0.wrapping_add(1), second);
    }
}

impl NumberSlot {
    /// Of a compact event.
    pub(crate) fn compact(brief: BriefSlot) -> NumberSlot {
        let (first, at) = (brief.0, brief.0.wrapping_add(1));
        NumberSlot {
            at,
            first,
            first_word: load(first),
            object: Some(load(at) & OBJECT_MASK),
        }
    }

    /// Of the full event at `first`.
    pub(super) fn full(first: *mut u64, first_word: u64) -> NumberSlot {
        NumberSlot {
            at: first.wrapping_add(NUMBER_WORD),
            first,
            first_word,
            object: None,
        }
    }

    /// Whether it is a compact event.
    pub(crate) fn is_compact(self) -> bool {
        self.object.is_some()
    }

    /// Completes the event. The number of a compact one must fit.
    pub(crate) fn fill(self, number: u64) {
        store(
            self.at,
            match self.object {
                Some(object) => object | number << OBJECT_BITS,
                None => number,
            },
        );
    }

    /// Completes the event as one of another kind and order.
    pub(crate) fn fill_as(self, kind: Kind, order: MemoryOrder, number: u64) {
        store(self.first, with_kind(self.first_word, kind, order));
        self.fill(number);
    }
}

/// The thread's end of one stream, but for the words that the fast path needs.
pub(super) struct Stream {
    /// First word of the chunk's payload.
    first: Cell<*mut u64>,
    /// Behind the last one.
    end: Cell<*mut u64>,
    chunk: Cell<Option<Chunk>>,
    /// Words of all chunks before this one.
    before: Cell<u64>,
    sequence: Cell<u32>,
    /// Size of the next chunk.
    size: Cell<usize>,
}

fn words_between(from: *mut u64, to: *mut u64) -> usize {
    (to.addr() - from.addr()) / 8
}

impl Stream {
    /// Without a chunk: no room.
    pub(super) const fn new() -> Stream {
        Stream {
            first: Cell::new(null_mut()),
            end: Cell::new(null_mut()),
            chunk: Cell::new(None),
            before: Cell::new(0),
            sequence: Cell::new(0),
            size: Cell::new(PAGE),
        }
    }

    /// Behind the last word of the chunk.
    pub(super) fn end(&self) -> *mut u64 {
        self.end.get()
    }

    /// Words that fit into the current chunk.
    pub(super) fn room(&self, edge: &Edge) -> usize {
        words_between(edge.next(), self.end.get())
    }

    /// Words of the current chunk that are written.
    pub(super) fn used(&self, edge: &Edge) -> usize {
        words_between(self.first.get(), edge.next())
    }

    /// Words of the stream so far.
    pub(super) fn position(&self, edge: &Edge) -> u64 {
        self.before.get() + self.used(edge) as u64
    }

    /// Stores the words of an event, the first one last; there is room for
    /// them.
    pub(super) fn push(&self, edge: &Edge, words: &[u64]) -> *mut u64 {
        let first = edge.next();
        for (index, word) in words.iter().enumerate().rev() {
            store(first.wrapping_add(index), *word);
        }
        edge.set_next(first.wrapping_add(words.len()));
        first
    }

    /// Closes the chunk; the stream can go on with another.
    pub(super) fn close(&self, edge: &Edge, shared: &Shared) {
        if let Some((chunk, used)) = self.put_away(edge) {
            shared.close(chunk, used);
        }
    }

    /// Lets go of the chunk, of whose payload so many bytes are used.
    fn put_away(&self, edge: &Edge) -> Option<(Chunk, usize)> {
        let next = edge.next();
        self.before.set(self.position(edge));
        edge.set_end(null_mut());
        edge.set_next(null_mut());
        self.first.set(null_mut());
        self.end.set(null_mut());
        let chunk = self.chunk.take()?;
        let used = words_between(chunk.payload().0, next) * 8;
        Some((chunk, used))
    }

    /// Leaves the chunk to another thread, at the end of this one.
    pub(super) fn leave(&self, edge: &Edge, stream: StreamKind, shared: &Shared) {
        if let Some((chunk, used)) = self.put_away(edge) {
            shared.leave(stream, Left { chunk, used });
        }
    }

    /// Goes on in a chunk that another thread has left, behind a switch of
    /// these parts, stored one after the other. Its end is not an edge yet.
    pub(super) fn take_over(&self, edge: &Edge, left: Left, switch: &[&[u64]]) {
        let (first, end) = left.chunk.payload();
        edge.set_next(first.wrapping_add(left.used / 8));
        for part in switch {
            self.push(edge, part);
        }
        self.first.set(edge.next());
        self.end.set(end);
        self.chunk.set(Some(left.chunk));
    }

    /// Whether nothing was written to it yet.
    pub(super) fn is_new(&self) -> bool {
        self.place() == (0, 0) && self.end.get().is_null()
    }

    /// Goes on in a fresh chunk. Its end is not an edge yet.
    pub(super) fn open(&self, edge: &Edge, chunk: Chunk, head: &Head) {
        chunk.open(head);
        let (first, end) = chunk.payload();
        self.first.set(first);
        self.end.set(end);
        edge.set_next(first);
        self.chunk.set(Some(chunk));
        self.sequence.set(self.sequence.get() + 1);
        self.size.set((self.size.get() * 2).min(CHUNK_MAX));
    }

    /// Size of the next chunk, in bytes.
    pub(super) fn next_size(&self) -> usize {
        self.size.get()
    }

    /// The next chunk is a small one: little will follow.
    pub(super) fn shrink(&self) {
        self.size.set(PAGE);
    }

    /// Words of all chunks before, and how many there were.
    pub(super) fn place(&self) -> (u64, u32) {
        (self.before.get(), self.sequence.get())
    }
}
