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

use super::frontier::STRIDE;
use super::stock::Stock;
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
    /// How large it was to be.
    bytes: u64,
    /// Bytes of each chunk.
    chunk: u64,
    /// Chunks that can be drawn at once.
    ready: Stock,
    state: Mutex<State>,
    /// Bytes drawn so far, over and over.
    drawn: AtomicU64,
}

struct State {
    /// Bytes still to come from the file.
    to_come: u64,
    /// All chunks that there are.
    chunks: u64,
    /// Offsets of chunks that were never used.
    fresh: Vec<u64>,
    closed: VecDeque<Closed>,
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
        let chunks = (bytes / chunk) as usize;
        Pool {
            bytes,
            chunk,
            ready: Stock::new((chunks / 8).next_power_of_two()),
            state: Mutex::new(State {
                to_come: bytes,
                chunks: 0,
                fresh: Vec::new(),
                closed: VecDeque::with_capacity(chunks),
            }),
            drawn: AtomicU64::new(0),
        }
    }

    /// How large it was to be.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes that it still takes from the file.
    pub(super) fn to_come(&self) -> u64 {
        lock(&self.state).to_come
    }

    /// Bytes drawn so far.
    pub(super) fn drawn(&self) -> u64 {
        // Relaxed: it may be old.
        self.drawn.load(Ordering::Relaxed)
    }

    fn draw_fresh(&self) -> Option<u64> {
        lock(&self.state).fresh.pop()
    }

    /// Bytes of the next stride that the pool is to take in, unless it is
    /// complete.
    fn claim(&self) -> Option<u64> {
        let mut state = lock(&self.state);
        let claimed = state.to_come.min(STRIDE);
        state.to_come -= claimed;
        (claimed > 0).then_some(claimed)
    }

    /// Takes in `len` bytes of the file at `at`.
    fn add(&self, at: u64, len: u64) {
        let mut state = lock(&self.state);
        let chunks = len / self.chunk;
        state.chunks += chunks;
        // The first is drawn first.
        let offsets = (0..chunks).rev().map(|index| at + index * self.chunk);
        state.fresh.extend(offsets);
    }

    /// There is no more to be had from the file.
    fn ends(&self) {
        lock(&self.state).to_come = 0;
    }

    /// The oldest closed chunk, if it is not among the youngest. `free` is
    /// called for one after the other, in their order.
    fn oldest(&self, free: impl FnOnce(&Closed)) -> Option<Closed> {
        let mut state = lock(&self.state);
        if state.closed.len() as u64 <= state.chunks / 8 {
            return None;
        }
        state.closed.pop_front().inspect(|closed| free(closed))
    }

    fn put_closed(&self, at: u64, used: usize) {
        let mut state = lock(&self.state);
        // Under the lock, so that they lie in the order of their ticks.
        let ticks = ticks::now();
        state.closed.push_back(Closed { at, ticks, used });
    }
}

impl Space {
    /// Draws from the pool.
    pub(super) fn draw_pooled(&self, pool: &Pool, purpose: Use) -> Option<Chunk> {
        // Relaxed: a count.
        pool.drawn.fetch_add(pool.chunk, Ordering::Relaxed);
        if let Some(at) = pool.ready.draw() {
            self.bell.drawn(pool.ready.len() * pool.chunk);
            return Some(self.pooled(pool, at));
        }
        self.bell.drawn(0);
        loop {
            if let Some(at) = pool.draw_fresh() {
                return Some(self.pooled(pool, at));
            }
            let claimed = pool.claim();
            if claimed.is_none()
                && let Some(chunk) = self.recycle(pool)
            {
                self.header.add_u32(header::BEHIND, 1);
                return Some(chunk);
            }
            // If it is complete, threads write all that there is.
            match self.draw_stride(pool.chunk, purpose) {
                Some(stride) => self.add_stride(pool, stride, claimed),
                None if claimed.is_none() => return None,
                None => pool.ends(),
            }
        }
    }

    /// Takes a stride into the pool. What was not claimed of it is left for
    /// names, unless threads need it.
    fn add_stride(&self, pool: &Pool, mut stride: Chunk, claimed: Option<u64>) {
        let len = stride.size() as u64;
        let len = claimed.map_or(len, |claimed| claimed.min(len)) / pool.chunk * pool.chunk;
        pool.add(stride.offset(), len);
        if let Some(rest) = stride.split(len as usize) {
            self.spare.put(rest);
        }
    }

    /// Takes back a chunk of the pool.
    pub(super) fn close_pooled(&self, pool: &Pool, chunk: &Chunk, used: usize) {
        chunk.seal(used);
        pool.put_closed(chunk.offset(), used);
    }

    /// Makes one more chunk ready, if it is less than `ahead` bytes. Returns
    /// whether it was.
    pub(super) fn prepare_pooled(&self, pool: &Pool, ahead: u64, zeros: Option<&[u8]>) -> bool {
        self.grow_ahead(pool.to_come().min(2 * ahead));
        if pool.ready.is_full() || pool.ready.len() * pool.chunk >= ahead || self.is_closed() {
            return false;
        }
        if let Some(at) = pool.draw_fresh() {
            pool.ready.put(at);
            return true;
        }
        if let Some(claimed) = pool.claim() {
            let stride = self.prepare_stride(zeros);
            let added = stride.map(|it| self.add_stride(pool, it, Some(claimed)));
            return added.is_some();
        }
        let chunk = self.recycle(pool);
        chunk.map(|it| pool.ready.put(it.offset())).is_some()
    }

    fn pooled(&self, pool: &Pool, at: u64) -> Chunk {
        // SAFETY: a chunk of the pool, which stays mapped; its payload is zero
        // or is about to be, and its offset came out of one of the pool's
        // lists, so that nobody else has it.
        unsafe { Chunk::new(self.slots.address(at), at, pool.chunk as usize) }
    }

    /// Makes the oldest closed chunk a new one. What is left in the file is at
    /// any instant what was closed last: chunks become free one by one.
    fn recycle(&self, pool: &Pool) -> Option<Chunk> {
        let closed = pool.oldest(|closed| {
            self.header.raise(header::EVICTED_UNTIL, closed.ticks);
            self.pooled(pool, closed.at).free();
        })?;
        let chunk = self.pooled(pool, closed.at);
        chunk.wipe(closed.used);
        Some(chunk)
    }
}

#[cfg(all(test, loom))]
mod models;
