//! What a thread has seen the end of: attempts of once cells.
//!
//! A thread that has seen an attempt's end once has it before all that it does
//! from then on; to see it again changes nothing about any order. So it is
//! recorded the first time, and left out after that.
//!
//! It stays exact where only a part of the trace is known. Either the first
//! time is in that part, or it lies before; then the initialiser does, too,
//! since it came earlier still, and is compared with nothing. If the first
//! event was lost, nothing behind it is relied upon, whatever follows.
//!
//! A thread remembers what it saw last in each of a few slots. What another
//! one has taken the slot of is recorded again.

use std::cell::Cell;

use hbtrace_traces::event::NONE;

/// Cells whose ids are so many apart share a slot.
const SLOTS: usize = 64;

#[cfg(not(loom))]
thread_local! {
    static SEEN: [Cell<u64>; SLOTS] = const { [const { Cell::new(0) }; SLOTS] };
}
#[cfg(loom)]
loom::thread_local! {
    static SEEN: [Cell<u64>; SLOTS] = [const { Cell::new(0) }; SLOTS];
}

/// Never zero, and another one for each attempt of each object that has an id;
/// `None` where it has none, or is at an attempt that no program comes to.
#[inline]
fn key(object: u32, attempt: u64) -> Option<u64> {
    let attempt = u32::try_from(attempt).ok()?;
    (object != NONE).then(|| u64::from(object + 1) << 32 | u64::from(attempt))
}

/// Whether this thread has seen the end of the attempt.
#[inline]
pub(super) fn has_seen(object: u32, attempt: u64) -> bool {
    let Some(key) = key(object, attempt) else {
        return false;
    };
    SEEN.with(|seen| seen[object as usize % SLOTS].get() == key)
}

/// It has, and this is recorded.
pub(super) fn note(object: u32, attempt: u64) {
    if let Some(key) = key(object, attempt) {
        SEEN.with(|seen| seen[object as usize % SLOTS].set(key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_attempt_of_each_object_is_news_once() {
        assert!(!has_seen(0, 0), "an empty slot has seen nothing");
        note(0, 0);
        assert!(has_seen(0, 0));
        assert!(!has_seen(0, 1) && !has_seen(SLOTS as u32, 0));
        note(SLOTS as u32, 0);
        assert!(has_seen(SLOTS as u32, 0));
        assert!(!has_seen(0, 0), "another one took its slot");
        note(NONE, 3);
        assert!(!has_seen(NONE, 3), "nobody's id is never news");
        note(1, 1 << 32);
        assert!(!has_seen(1, 0) && !has_seen(1, 1 << 32));
        assert!(
            std::thread::spawn(|| !has_seen(SLOTS as u32, 0))
                .join()
                .expect("no panic")
        );
    }
}
