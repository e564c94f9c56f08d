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
/// Instructions that must be reached by a recorded access, its loop included.
pub const ACCESS_TARGET: f64 = 14.0;

const fn budget(row: &'static str, off: f64, recorded: f64) -> Budget {
    Budget { row, off, recorded }
}

/// All budgets.
pub const BUDGETS: &[Budget] = &[
    budget("access", 6.0, 24.0),
    budget("access-block", 4.0, 18.0),
    budget("mutex", 30.0, 110.0),
    budget("rwlock-read", 25.0, 90.0),
    budget("rwlock-write", 32.0, 120.0),
    budget("u32-load", 5.0, 68.0),
    budget("u32-load-again", 5.0, 24.0),
    budget("u32-store", 5.0, 66.0),
    budget("u32-add", 5.0, 64.0),
    budget("u64-load", 5.0, 76.0),
    budget("u64-store", 5.0, 70.0),
    budget("u64-add", 5.0, 74.0),
    budget("pointer-load", 5.0, 76.0),
    budget("pointer-store", 5.0, 76.0),
    budget("pointer-swap", 5.0, 78.0),
    budget("channel", 135.0, 480.0),
    budget("channel-bounded", 100.0, 460.0),
    budget("once-get", 8.0, 40.0),
];

impl Budget {
    /// Whether counts are over the budget. A round's odd chunk makes some
    /// tenths.
    #[must_use]
    pub fn is_exceeded(&self, off: f64, recorded: f64) -> bool {
        off > self.off + 0.5 || recorded > self.recorded + 0.5
    }

    /// Whether counts miss what must be reached.
    #[must_use]
    pub fn is_missed(&self, off: f64, recorded: f64) -> bool {
        let is_access = self.row.starts_with("access");
        off > OFF_TARGET + 0.5 || is_access && recorded > ACCESS_TARGET + 0.5
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
