//! What the helper is at, so that a thread that finds nothing ready knows
//! whether it comes in a moment.

use crate::primitive::{AtomicU64, Ordering};
use crate::ticks;

/// The longest that a thread waits: some 90 microseconds.
const MOMENT: u64 = 1 << 18;
/// Looks that it takes until it lets others run between them.
const SPINS: u32 = 200;

/// The stride that the helper makes ready now.
pub(super) struct Work {
    /// Ticks when it began; 0 if it is at none.
    since: AtomicU64,
    /// Ticks that the last ones took.
    takes: AtomicU64,
}

/// It is at one as long as this lives.
pub(super) struct Working<'work> {
    work: &'work Work,
    since: u64,
}

impl Work {
    pub(super) const fn new() -> Work {
        Work {
            since: AtomicU64::new(0),
            takes: AtomicU64::new(MOMENT),
        }
    }

    /// The helper begins one.
    pub(super) fn begin(&self) -> Working<'_> {
        let since = ticks::now();
        // SeqCst: with `Space::finish`, which sees this or is seen by the
        // helper.
        self.since.store(since, Ordering::SeqCst);
        Working { work: self, since }
    }

    /// Whether the helper is at one.
    pub(super) fn is_under_way(&self) -> bool {
        // SeqCst: as in `begin`.
        self.since.load(Ordering::SeqCst) != 0
    }

    /// Tries `draw` until it gives something, or until nothing can be expected
    /// of the helper within a moment.
    pub(super) fn wait_for<T>(&self, mut draw: impl FnMut() -> Option<T>) -> Option<T> {
        let start = ticks::now();
        let mut spins = 0;
        while self.is_about_to_end(start) {
            spins += 1;
            match spins < SPINS {
                true => std::hint::spin_loop(),
                false => std::thread::yield_now(),
            }
            let drawn = draw();
            if drawn.is_some() {
                return drawn;
            }
        }
        None
    }

    /// Whether the helper is at one that should be ready within a moment from
    /// `start`.
    fn is_about_to_end(&self, start: u64) -> bool {
        // Relaxed: an estimate.
        let since = self.since.load(Ordering::Relaxed);
        let takes = self.takes.load(Ordering::Relaxed);
        let most = start.saturating_add(MOMENT);
        // It may be late a little.
        let expected = since.saturating_add(takes + takes / 4);
        since != 0 && expected <= most && ticks::now() < expected
    }
}

impl Drop for Working<'_> {
    fn drop(&mut self) {
        let took = ticks::now().saturating_sub(self.since);
        // Relaxed: an estimate; only the helper stores it.
        let takes = self.work.takes.load(Ordering::Relaxed);
        let mean = (3 * takes + took.min(4 * MOMENT)) / 4;
        self.work.takes.store(mean, Ordering::Relaxed);
        // Release: what the helper did to the file came before.
        self.work.since.store(0, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_waits_for_a_helper_that_does_nothing_or_is_slow() {
        let work = Work::new();
        assert_eq!(work.wait_for(|| Some(7)), None);
        let working = work.begin();
        work.takes.store(100 * MOMENT, Ordering::Relaxed);
        assert_eq!(work.wait_for(|| Some(7)), None);
        work.takes.store(MOMENT / 4, Ordering::Relaxed);
        let mut left = 10;
        let mut draw = || {
            left -= 1;
            (left == 0).then_some(7)
        };
        let drawn = work.wait_for(&mut draw);
        drop(working);
        assert!(drawn == Some(7) || left > 0);
        assert_eq!(work.wait_for(|| Some(7)), None);
    }
}
