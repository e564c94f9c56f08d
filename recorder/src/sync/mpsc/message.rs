//! Ids of messages, unique in the process.

use std::cell::Cell;

use crate::primitive::{AtomicU64, Ordering};

/// "The send of this message was not recorded."
pub(super) const UNRECORDED: u64 = 0;

/// Ids that a thread draws at once.
const BLOCK: u64 = 1 << 12;

/// First id that no thread has drawn yet.
static NEXT: AtomicU64 = AtomicU64::new(UNRECORDED + 1);

thread_local! {
    /// This thread's ids: the next one, and the end of its block.
    static IDS: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

/// A fresh id.
#[inline]
pub(super) fn next() -> u64 {
    IDS.with(|ids| {
        let (mut id, mut end) = ids.get();
        if id == end {
            id = block();
            end = id + BLOCK;
        }
        ids.set((id + 1, end));
        id
    })
}

/// The first id of a fresh block.
#[cold]
#[inline(never)]
fn block() -> u64 {
    // Relaxed: ids only have to differ.
    NEXT.fetch_add(BLOCK, Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    #[test]
    fn ids_are_unique() {
        let draw = || (0..10_000).map(|_| super::next()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(draw)).collect();
        let ids: Vec<u64> = threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("it does not panic"))
            .collect();
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
    }
}
