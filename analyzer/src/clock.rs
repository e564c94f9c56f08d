//! Vector clocks.
//!
//! Every thread counts its own *epochs*: a new one begins whenever what it did
//! so far has been published to others. A vector clock holds, for each thread,
//! the last epoch of it that is known to happen before. An event of thread `t`
//! in epoch `c` (written `c@t`) happens before whatever has a clock with at
//! least `c` at `t`.
//!
//! Clocks are flat arrays of `u32`, as long as the highest thread they know:
//! the empty clock costs nothing, and a join is one pass over two arrays. An
//! epoch fits 32 bits because each one takes a sync event that is held in
//! memory.

use hbtrace_traces::id::ThreadId;

/// For each thread the last epoch known; 0 where nothing is.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct VectorClock {
    epochs: Vec<u32>,
}

impl VectorClock {
    /// The clock that knows nothing.
    #[must_use]
    pub const fn new() -> VectorClock {
        VectorClock { epochs: Vec::new() }
    }

    /// The last epoch of `thread` that it knows.
    #[must_use]
    pub fn get(&self, thread: ThreadId) -> u32 {
        self.epochs.get(thread.index()).copied().unwrap_or(0)
    }

    /// Sets the epoch of `thread`.
    pub fn set(&mut self, thread: ThreadId, epoch: u32) {
        if self.epochs.len() <= thread.index() {
            self.epochs.resize(thread.index() + 1, 0);
        }
        self.epochs[thread.index()] = epoch;
    }

    /// Learns all that `other` knows, and tells whether anything was new.
    pub fn join(&mut self, other: &VectorClock) -> bool {
        if self.epochs.len() < other.epochs.len() {
            self.epochs.resize(other.epochs.len(), 0);
        }
        let mut news = false;
        for (mine, theirs) in self.epochs.iter_mut().zip(&other.epochs) {
            news |= *theirs > *mine;
            *mine = (*mine).max(*theirs);
        }
        news
    }

    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.epochs.clear();
    }

    /// Whether it knows nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.epochs.iter().all(|epoch| *epoch == 0)
    }

    /// The epochs by thread; threads beyond the end are at 0.
    #[must_use]
    pub fn epochs(&self) -> &[u32] {
        &self.epochs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn join_takes_the_maximum_and_tells_of_news() {
        let mut a = VectorClock::new();
        a.set(ThreadId(0), 3);
        let mut b = VectorClock::new();
        b.set(ThreadId(0), 2);
        assert!(!a.join(&b));
        b.set(ThreadId(2), 1);
        assert!(a.join(&b));
        assert_eq!(a.epochs(), &[3, 0, 1]);
        assert_eq!(a.get(ThreadId(9)), 0);
    }
}
