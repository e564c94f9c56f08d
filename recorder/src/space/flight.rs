//! The pool of a flight recording: equal chunks that are drawn again and again,
//! the oldest first.
//!
//! # States of a chunk
//!
//! *fresh* -> *current* (a thread writes it) -> *closed* -> *ready* -> *current*
//!
//! Fresh chunks come from the file until the pool is as large as it was to be.
//! From then on the helper turns the oldest closed ones into ready ones, some
//! ahead of what is drawn; where it is behind, the thread that draws does it.
//! What makes a chunk ready comes in this order, so that the file tells the
//! truth at any instant: the header's `evicted until` is raised to the ticks at
//! which the chunk was closed, the chunk is marked as free, its payload becomes
//! zero.
//!
//! A thread's current chunk is never recycled, however long ago it was written
//! last. Nor is the youngest eighth of the closed ones, so that a number can
//! still be filled in by a thread that a signal handler interrupted between an
//! operation and its number, and whose chunk the handler filled up. If so many
//! threads live that nothing else is left, the pool grows.

#![allow(unsafe_code)] // The birth of chunks.

use std::collections::VecDeque;

use hbtrace_traces::format::layout::{PAGE, header};

use super::{Space, Use};
use crate::chunk::Chunk;
use crate::primitive::{AtomicU64, Mutex, Ordering, lock};
use crate::ticks;

/// Smallest pool.
const LEAST: u64 = 1 << 20;
/// Largest chunk.
const CHUNK_MOST: u64 = 64 << 10;
/// Chunks that a pool is divided into, unless they came out smaller or larger
/// than chunks may be.
const CHUNKS: u64 = 4096;

/// The pool.
pub(super) struct Pool {
    /// Bytes of each chunk.
    chunk: u64,
    state: Mutex<State>,
    /// Bytes drawn so far, over and over.
    drawn: AtomicU64,
}

struct State {
    /// Chunks still to come from the file.
    fresh: u64,
    /// All chunks that there are.
    chunks: u64,
    closed: VecDeque<Closed>,
    /// Offsets of what is zero and can be drawn.
    ready: VecDeque<u64>,
}

/// A closed chunk.
struct Closed {
    at: u64,
    /// When it was closed.
    ticks: u64,
    /// Bytes of its payload that are not zero.
    used: usize,
}

impl Pool {
    /// Of `bytes`.
    pub(super) fn new(bytes: u64) -> Pool {
        let bytes = bytes.max(LEAST);
        let even = (bytes / CHUNKS).clamp(PAGE as u64, CHUNK_MOST);
        let chunk = 1 << even.ilog2();
        let chunks = bytes / chunk;
        Pool {
            chunk,
            state: Mutex::new(State {
                fresh: chunks,
                chunks: 0,
                closed: VecDeque::with_capacity(chunks as usize),
                ready: VecDeque::with_capacity(chunks as usize / 8 + 1),
            }),
            drawn: AtomicU64::new(0),
        }
    }

    /// Bytes that it still takes from the file.
    pub(super) fn to_come(&self) -> u64 {
        lock(&self.state).fresh * self.chunk
    }

    /// Bytes drawn so far.
    pub(super) fn drawn(&self) -> u64 {
        // Relaxed: it may be old.
        self.drawn.load(Ordering::Relaxed)
    }

    /// A chunk may be taken from the file.
    fn takes_fresh(&self) -> bool {
        let mut state = lock(&self.state);
        let takes = state.fresh > 0;
        state.fresh -= u64::from(takes);
        state.chunks += u64::from(takes);
        takes
    }

    /// There was none to be had.
    fn has_no_more(&self) {
        let mut state = lock(&self.state);
        state.fresh = 0;
        state.chunks = state.chunks.saturating_sub(1);
    }

    /// What is ready, and how much stays so.
    fn draw_ready(&self) -> Option<(u64, u64)> {
        let mut state = lock(&self.state);
        let at = state.ready.pop_front()?;
        Some((at, state.ready.len() as u64 * self.chunk))
    }

    /// The oldest closed chunk, if it is not among the youngest.
    fn oldest(&self) -> Option<Closed> {
        let mut state = lock(&self.state);
        if state.closed.len() as u64 <= state.chunks / 8 {
            return None;
        }
        state.closed.pop_front()
    }

    /// The oldest closed chunk, if less than `ahead` bytes are ready.
    fn oldest_wanted(&self, ahead: u64) -> Option<Closed> {
        let ready = {
            let state = lock(&self.state);
            if state.fresh > 0 || state.ready.len() as u64 >= state.chunks / 8 {
                return None;
            }
            state.ready.len() as u64 * self.chunk
        };
        (ready < ahead).then(|| self.oldest())?
    }

    fn put_ready(&self, at: u64) {
        lock(&self.state).ready.push_back(at);
    }

    fn put_closed(&self, at: u64, used: usize) {
        let mut state = lock(&self.state);
        // Under the lock, so that they lie in the order of their ticks.
        let ticks = ticks::now();
        state.closed.push_back(Closed { at, ticks, used });
    }

    /// One chunk more, since threads write all the others.
    fn grow(&self) {
        lock(&self.state).chunks += 1;
    }
}

impl Space {
    /// Draws from the pool.
    pub(super) fn draw_pooled(&self, pool: &Pool, purpose: Use) -> Option<Chunk> {
        if self.is_closed() {
            return None;
        }
        // Relaxed: a count.
        pool.drawn.fetch_add(pool.chunk, Ordering::Relaxed);
        if pool.takes_fresh() {
            let fresh = self.draw_fresh(pool.chunk, pool.chunk, purpose);
            if fresh.is_some() {
                return fresh;
            }
            pool.has_no_more();
        }
        if let Some((at, left)) = pool.draw_ready() {
            self.bell.drawn(left);
            return Some(self.pooled(pool, at));
        }
        self.bell.drawn(0);
        if let Some(closed) = pool.oldest() {
            self.header.add_u32(header::BEHIND, 1);
            return Some(self.recycle(pool, &closed));
        }
        let more = self.draw_fresh(pool.chunk, pool.chunk, purpose)?;
        pool.grow();
        Some(more)
    }

    /// Takes back a chunk of the pool.
    pub(super) fn close_pooled(&self, pool: &Pool, chunk: &Chunk, used: usize) {
        chunk.seal(used);
        pool.put_closed(chunk.offset(), used);
    }

    /// Makes closed chunks ready, until `ahead` bytes are.
    pub(super) fn prepare_pooled(&self, pool: &Pool, ahead: u64) {
        while let Some(closed) = pool.oldest_wanted(ahead).filter(|_| !self.is_closed()) {
            let chunk = self.recycle(pool, &closed);
            pool.put_ready(chunk.offset());
        }
    }

    fn pooled(&self, pool: &Pool, at: u64) -> Chunk {
        // SAFETY: a chunk of the pool, which stays mapped; its payload is zero
        // or is about to be, and its offset came out of one of the pool's
        // lists, so that nobody else has it.
        unsafe { Chunk::new(self.slots.address(at), at, pool.chunk as usize) }.reuse()
    }

    /// Makes a closed chunk a new one.
    fn recycle(&self, pool: &Pool, closed: &Closed) -> Chunk {
        self.header.raise(header::EVICTED_UNTIL, closed.ticks);
        let chunk = self.pooled(pool, closed.at);
        chunk.wipe(closed.used);
        chunk
    }
}
