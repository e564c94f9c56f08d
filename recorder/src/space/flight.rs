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

use super::bound::Bound;
use super::frontier::STRIDE;
use super::stock::Stock;
use super::{Space, Use};
use crate::chunk::Chunk;
use crate::header::Header;
use crate::primitive::{AtomicU64, Mutex, Ordering, lock};
use crate::ticks;

mod held;

use held::Held;
pub(crate) use held::Hold;

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
    /// Chunks that were claimed and are on their way.
    coming: u64,
    /// Of these, chunks that came in another's place, from a stride more.
    lent: u64,
    /// Offsets of chunks that were never used.
    fresh: Vec<u64>,
    closed: VecDeque<Closed>,
    /// When the youngest of what is gone was closed.
    evicted: u64,
    held: Held,
}

/// What a thread does that finds no chunk ready.
enum Next {
    /// It has this one.
    Fresh(u64),
    /// It takes so many bytes from the file.
    Claimed(u64),
    /// It wipes this one.
    Closed(Closed),
    /// Others bring strides, and the first that comes has a chunk less: it takes
    /// one from a stride more.
    Lent,
    /// Threads write all that there is: it takes a stride more.
    Grow,
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
                coming: 0,
                lent: 0,
                fresh: Vec::new(),
                closed: VecDeque::with_capacity(chunks),
                evicted: 0,
                held: Held::new(chunks),
            }),
            drawn: AtomicU64::new(0),
        }
    }

    /// How large it was to be.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes down that it was to have `asked` bytes, and what it has.
    pub(super) fn tell_size(&self, asked: u64, bound: Bound, header: &Header) {
        header.set_u64(header::POOL_ASKED, asked);
        header.set_u64(header::POOL_GOT, self.bytes);
        header.set_u32(header::POOL_BOUND, bound.number());
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

    /// What to do without a chunk that is ready. `free` is called as in
    /// [`oldest`](Pool::oldest).
    fn next(&self, free: impl FnOnce(&Closed)) -> Next {
        let mut state = lock(&self.state);
        if let Some(at) = state.fresh.pop() {
            return Next::Fresh(at);
        }
        if let Some(bytes) = state.claim(self.chunk) {
            return Next::Claimed(bytes);
        }
        if let Some(closed) = state.oldest(free) {
            return Next::Closed(closed);
        }
        if state.coming > state.lent {
            state.lent += 1;
            return Next::Lent;
        }
        // The helper may just have made fresh ones ready.
        self.ready.draw().map_or(Next::Grow, Next::Fresh)
    }

    /// Makes a fresh chunk a ready one. Returns whether there was one.
    fn stock_fresh(&self) -> bool {
        // Under the lock, so that it is in one of the two for everybody.
        let mut state = lock(&self.state);
        state.fresh.pop().map(|at| self.ready.put(at)).is_some()
    }

    /// Bytes of the next stride that the pool is to take in, unless it is
    /// complete.
    pub(super) fn claim(&self) -> Option<u64> {
        lock(&self.state).claim(self.chunk)
    }

    /// Takes in what was claimed: up to `len` bytes of the file at `at`. Returns
    /// how many; the rest came in another's place before.
    fn add(&self, at: u64, len: u64, claimed: u64) -> u64 {
        let mut state = lock(&self.state);
        state.coming -= claimed / self.chunk;
        let chunks = claimed.min(len) / self.chunk;
        let lent = state.lent.min(chunks);
        state.lent -= lent;
        state.take_in(at, chunks - lent, self.chunk);
        (chunks - lent) * self.chunk
    }

    /// Bytes that it has, with those that are still to come.
    fn size(&self) -> u64 {
        let state = lock(&self.state);
        (state.chunks + state.coming) * self.chunk + state.to_come
    }

    /// Takes in what was not claimed.
    fn grow(&self, at: u64, chunks: u64) {
        lock(&self.state).take_in(at, chunks, self.chunk);
    }

    /// One chunk came in another's place, and is in use at once.
    fn lend(&self) {
        lock(&self.state).chunks += 1;
    }

    /// None could be had in another's place.
    fn lend_none(&self) {
        let mut state = lock(&self.state);
        state.lent = state.lent.saturating_sub(1);
    }

    /// What was claimed is not to be had, nor is more.
    fn ends(&self, claimed: u64) {
        let mut state = lock(&self.state);
        state.coming -= claimed / self.chunk;
        state.lent = state.lent.min(state.coming);
        state.to_come = 0;
    }

    /// The oldest closed chunk, if it is not among the youngest. `free` is
    /// called for one after the other, in their order.
    fn oldest(&self, free: impl FnOnce(&Closed)) -> Option<Closed> {
        lock(&self.state).oldest(free)
    }

    /// Takes back a chunk that was drawn at `drawn`.
    fn put_closed(&self, at: u64, used: usize, drawn: u64) {
        let mut state = lock(&self.state);
        // Under the lock, so that they lie in the order of their ticks.
        let ticks = ticks::now();
        state.put(Closed { at, ticks, used }, drawn);
    }
}

impl State {
    fn claim(&mut self, chunk: u64) -> Option<u64> {
        let claimed = self.to_come.min(STRIDE);
        self.to_come -= claimed;
        self.coming += claimed / chunk;
        (claimed > 0).then_some(claimed)
    }

    fn take_in(&mut self, at: u64, chunks: u64, chunk: u64) {
        self.chunks += chunks;
        // The first is drawn first.
        let offsets = (0..chunks).rev().map(|index| at + index * chunk);
        self.fresh.extend(offsets);
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
            match pool.next(|closed| self.evict(pool, closed)) {
                Next::Fresh(at) => return Some(self.pooled(pool, at)),
                Next::Closed(closed) => {
                    self.header.add_u32(header::BEHIND, 1);
                    return Some(self.wiped(pool, &closed));
                }
                Next::Lent => return self.lend(pool, purpose),
                Next::Claimed(claimed) => match self.draw_stride(pool.chunk, purpose) {
                    Some(stride) => self.add_stride(pool, stride, claimed),
                    None => self.end_pool(pool, claimed),
                },
                Next::Grow => {
                    let stride = self.draw_stride(pool.chunk, purpose)?;
                    pool.grow(stride.offset(), stride.size() as u64 / pool.chunk);
                }
            }
        }
    }

    /// Takes a chunk in the place of one that is on its way.
    #[cold]
    fn lend(&self, pool: &Pool, purpose: Use) -> Option<Chunk> {
        let size = pool.chunk as usize;
        let spare = self.draw_spare(size, size);
        let drawn = spare.or_else(|| self.draw_stride(pool.chunk, purpose));
        let Some(mut chunk) = drawn else {
            pool.lend_none();
            return None;
        };
        pool.lend();
        if let Some(rest) = chunk.split(size) {
            self.spare.put(rest);
        }
        Some(chunk)
    }

    /// Takes a stride into the pool that was claimed. What the pool has not
    /// claimed of it, or has by now, is left for names and for threads in need.
    pub(super) fn add_stride(&self, pool: &Pool, mut stride: Chunk, claimed: u64) {
        let added = pool.add(stride.offset(), stride.size() as u64, claimed);
        let rest = match added {
            0 => Some(stride),
            added => stride.split(added as usize),
        };
        if let Some(rest) = rest {
            self.spare.put(rest);
        }
    }

    /// Takes back a chunk of the pool.
    pub(super) fn close_pooled(&self, pool: &Pool, chunk: &Chunk, used: usize) {
        chunk.seal(used);
        pool.put_closed(chunk.offset(), used, chunk.ticks());
    }

    /// Makes one more chunk ready, if it is less than `ahead` bytes. Returns
    /// whether it was.
    pub(super) fn prepare_pooled(&self, pool: &Pool, ahead: u64, zeros: Option<&[u8]>) -> bool {
        self.grow_ahead(pool.to_come().min(2 * ahead));
        if pool.ready.is_full() || pool.ready.len() * pool.chunk >= ahead || self.is_closed() {
            return false;
        }
        if pool.stock_fresh() {
            return true;
        }
        if let Some(claimed) = pool.claim() {
            match self.prepare_stride(zeros) {
                Some(stride) => self.add_stride(pool, stride, claimed),
                None => self.end_pool(pool, claimed),
            }
            return true;
        }
        let chunk = self.recycle(pool);
        chunk.map(|it| pool.ready.put(it.offset())).is_some()
    }

    /// The file has no more for the pool: says how large it is, and why.
    #[cold]
    fn end_pool(&self, pool: &Pool, claimed: u64) {
        pool.ends(claimed);
        if pool.size() < pool.bytes && !self.is_closed() {
            self.header.set_u64(header::POOL_GOT, pool.size());
            let bound = self.bound().number();
            self.header.set_u32(header::POOL_BOUND, bound);
        }
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
        let closed = pool.oldest(|closed| self.evict(pool, closed))?;
        Some(self.wiped(pool, &closed))
    }

    /// Says that a closed chunk is gone.
    fn evict(&self, pool: &Pool, closed: &Closed) {
        self.header.raise(header::EVICTED_UNTIL, closed.ticks);
        self.pooled(pool, closed.at).free();
    }

    /// A new chunk in the place of one that is gone.
    fn wiped(&self, pool: &Pool, closed: &Closed) -> Chunk {
        let chunk = self.pooled(pool, closed.at);
        chunk.wipe(closed.used);
        chunk
    }
}

#[cfg(all(test, loom))]
mod models;
