//! What a snapshot holds of a pool while it copies it.
//!
//! Threads write a pool anew within milliseconds, which is less than a copy
//! takes. So a snapshot takes the closed chunks that are youngest when it begins
//! out of recycling, up to half of the pool, and with them all chunks that are
//! open then, once they are closed. Threads go on in the other half: nobody waits,
//! and the pool does not grow. Where so many threads are at work that the rest
//! does not do, held chunks are recycled after all, the oldest first, and
//! the copy says so.
//!
//! What was drawn since the snapshot began has nothing in it of what had happened
//! by then, so that it may be recycled at once.

use super::{Closed, Pool, State, VecDeque, lock};

/// Ticks by which the clocks of processors may disagree: above 100 microseconds.
const APART: u64 = 1 << 20;

/// The chunks that a snapshot holds.
pub(super) struct Held {
    /// Chunks that were drawn before this are held when they are closed.
    until: Option<u64>,
    chunks: VecDeque<Closed>,
    /// All that had happened by then may be gone.
    evicted: u64,
}

/// Chunks are held as long as this lives.
pub(crate) struct Hold<'space>(Option<&'space Pool>);

impl Hold<'_> {
    /// Holds what had happened by `ticks`; nothing without a pool.
    pub(in crate::space) fn begin(pool: Option<&Pool>, ticks: u64) -> Hold<'_> {
        if let Some(pool) = pool {
            lock(&pool.state).hold(ticks.saturating_add(APART));
        }
        Hold(pool)
    }

    /// Until when what had happened may be gone in spite of it.
    pub(crate) fn evicted(&self) -> Option<u64> {
        self.0.map(|pool| lock(&pool.state).held.evicted)
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        if let Some(pool) = self.0 {
            lock(&pool.state).let_go();
        }
    }
}

impl Held {
    pub(super) fn new(chunks: usize) -> Held {
        Held {
            until: None,
            chunks: VecDeque::with_capacity(chunks),
            evicted: 0,
        }
    }
}

impl State {
    fn hold(&mut self, until: u64) {
        let held = (self.chunks / 2).min(self.closed.len() as u64) as usize;
        let others = self.closed.len() - held;
        self.held.chunks.extend(self.closed.drain(others..));
        self.held.until = Some(until);
        let last = self.closed.back().map_or(0, |closed| closed.ticks);
        self.held.evicted = self.evicted.max(last);
    }

    /// All chunks are recycled again, the oldest first.
    fn let_go(&mut self) {
        self.held.until = None;
        self.closed.append(&mut self.held.chunks);
        let all = self.closed.make_contiguous();
        all.sort_unstable_by_key(|closed| closed.ticks);
    }

    /// Takes back a chunk that was drawn when its ticks were `drawn`.
    pub(super) fn put(&mut self, closed: Closed, drawn: u64) {
        match self.held.until.is_some_and(|until| drawn < until) {
            true => self.held.chunks.push_back(closed),
            false => self.closed.push_back(closed),
        }
    }

    /// The oldest closed chunk that is to be recycled.
    pub(super) fn oldest(&mut self, free: impl FnOnce(&Closed)) -> Option<Closed> {
        let youngest = self.chunks / 8;
        let (closed, held) = (self.closed.len() as u64, self.held.chunks.len() as u64);
        if closed + held <= youngest {
            return None;
        }
        let oldest = match closed > youngest {
            true => self.closed.pop_front()?,
            false => {
                let oldest = self.held.chunks.pop_front()?;
                self.held.evicted = self.held.evicted.max(oldest.ticks);
                oldest
            }
        };
        self.evicted = self.evicted.max(oldest.ticks);
        free(&oldest);
        Some(oldest)
    }
}
