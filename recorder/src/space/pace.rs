//! How far ahead the helper works, and how long it may sleep.
//!
//! It looks how much was drawn since it looked last, keeps four times as much
//! ready, and takes a nap that is over long before that is used up, the longer
//! the less is drawn; a thread that finds less than half of it left rings the
//! [bell](super::helper::Bell) at once. While nothing is drawn the distance
//! shrinks, and after some naps the helper sleeps until somebody draws: it
//! never polls an idle service.

use std::time::Duration;

/// Kept ready while nothing is drawn.
pub(super) const AHEAD_LEAST: u64 = 1 << 20;
/// Most that is kept ready.
pub(super) const AHEAD_MOST: u64 = 32 << 20;
/// The shortest nap; each one in which little is drawn is twice as long.
const NAP: Duration = Duration::from_millis(4);
const DOUBLINGS: u32 = 3;
/// Naps in which nothing was drawn until it sleeps.
const QUIET_NAPS: u32 = 4;

/// What the helper knows of the past.
pub(super) struct Pace {
    drawn: u64,
    ahead: u64,
    quiet: u32,
    /// Naps in which little was drawn.
    slow: u32,
}

/// What the helper does next.
pub(super) struct Step {
    /// Bytes to keep ready.
    pub(super) ahead: u64,
    /// How long to sleep then; `None` until somebody draws.
    pub(super) nap: Option<Duration>,
}

impl Pace {
    pub(super) const fn new() -> Pace {
        Pace {
            drawn: 0,
            ahead: AHEAD_LEAST,
            quiet: 0,
            slow: 0,
        }
    }

    /// What to do now that `drawn` bytes were drawn in all.
    pub(super) fn step(&mut self, drawn: u64) -> Step {
        let used = drawn.saturating_sub(self.drawn);
        self.drawn = drawn;
        self.quiet = if used == 0 { self.quiet + 1 } else { 0 };
        let sleeps = self.quiet >= QUIET_NAPS;
        self.ahead = match sleeps {
            true => AHEAD_LEAST,
            false => (used * 4)
                .max(self.ahead - self.ahead / 8)
                .clamp(AHEAD_LEAST, AHEAD_MOST),
        };
        self.slow = match used * 8 < self.ahead {
            true => (self.slow + 1).min(DOUBLINGS),
            false => 0,
        };
        Step {
            ahead: self.ahead,
            nap: (!sleeps).then_some(NAP * (1 << self.slow)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_the_rate_and_sleeps_when_nothing_is_drawn() {
        let mut pace = Pace::new();
        let mut drawn = 0;
        for _ in 0..10 {
            drawn += 1 << 20;
            let step = pace.step(drawn);
            assert_eq!(step.ahead, 4 << 20);
            assert_eq!(step.nap, Some(NAP));
        }
        drawn += 1 << 30;
        assert_eq!(pace.step(drawn).ahead, AHEAD_MOST);
        let mut last = AHEAD_MOST;
        for _ in 1..QUIET_NAPS {
            let step = pace.step(drawn);
            assert!(step.ahead < last && step.nap.is_some());
            assert!(step.nap > Some(NAP));
            last = step.ahead;
        }
        let step = pace.step(drawn);
        assert_eq!(step.ahead, AHEAD_LEAST);
        assert!(step.nap.is_none());
        assert!(pace.step(drawn + 1).nap.is_some());
    }
}
