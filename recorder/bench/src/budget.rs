//! How many instructions an operation may take. One table; the bench
//! `instructions` counts and fails above it, so that no change makes the hot
//! path longer unseen. Whoever makes it shorter lowers the budget.
//!
//! A budget is what has been reached, with a little room for another compiler;
//! a target is what must be reached, and is told where it is missed.

/// The budget of a row.
pub struct Budget {
    /// The row (see [`rows`](crate::rows)).
    pub row: &'static str,
    /// Instructions that a mirror without a session may take more than std.
    pub off: f64,
    /// Instructions of the recorded operation, its loop included.
    pub recorded: f64,
}

/// Instructions that must be reached without a session, above std.
pub const OFF_TARGET: f64 = 3.0;
/// Instructions that must be reached by a recorded access, above the same loop
/// that computes the address only.
pub const ACCESS_TARGET: f64 = 14.0;

const fn budget(row: &'static str, off: f64, recorded: f64) -> Budget {
    Budget { row, off, recorded }
}

/// All budgets.
pub const BUDGETS: &[Budget] = &[
    budget("access", 3.0, 23.0),
    budget("access-block", 3.0, 17.0),
    budget("mutex", 15.0, 102.0),
    budget("rwlock-read", 13.0, 90.0),
    budget("rwlock-write", 25.0, 113.0),
    budget("u32-load", 5.0, 27.0),
    budget("u32-load-again", 5.0, 28.0),
    budget("u32-load-many", 8.0, 80.0),
    budget("u32-store", 4.0, 63.0),
    budget("u32-add", 5.0, 62.0),
    budget("u64-load", 4.0, 25.0),
    budget("u64-store", 4.0, 67.0),
    budget("u64-add", 5.0, 71.0),
    budget("pointer-load", 4.0, 25.0),
    budget("pointer-store", 4.0, 73.0),
    budget("pointer-swap", 5.0, 75.0),
    budget("channel", -60.0, 240.0),
    budget("channel-bounded", -30.0, 330.0),
    budget("once-get", 8.0, 38.0),
];

impl Budget {
    /// Whether counts are over the budget. A round's odd chunk makes some
    /// tenths.
    #[must_use]
    pub fn is_exceeded(&self, off: f64, recorded: f64) -> bool {
        off > self.off + 0.5 || recorded > self.recorded + 0.5
    }

    /// Whether what an operation takes above std, without a session and
    /// recorded, misses what must be reached.
    #[must_use]
    pub fn is_missed(&self, off: f64, above: f64) -> bool {
        let is_access = self.row.starts_with("access");
        off > OFF_TARGET + 0.5 || is_access && above > ACCESS_TARGET + 0.5
    }
}

#[cfg(test)]
mod tests {
    use super::BUDGETS;
    use crate::rows::ROWS;

    #[test]
    fn budgets_are_for_rows() {
        for budget in BUDGETS {
            assert!(ROWS.iter().any(|row| row.name == budget.row));
        }
    }
}
