//! How many instructions an operation may take. One table; the bench
//! `instructions` counts and fails above it, so that no change makes the hot
//! path longer unseen.

/// Above this, the bench fails.
pub struct Budget {
    /// The row (see [`rows`](crate::rows)).
    pub row: &'static str,
    /// Instructions that a mirror without a session may take more than std.
    pub off: f64,
    /// Instructions of the recorded operation, its loop included.
    pub recorded: f64,
}

const fn budget(row: &'static str, off: f64, recorded: f64) -> Budget {
    Budget { row, off, recorded }
}

/// All budgets.
pub const BUDGETS: &[Budget] = &[
    budget("access", 3.0, 14.0),
    budget("access-block", 3.0, 14.0),
    budget("mutex", 3.0, 60.0),
    budget("rwlock-read", 3.0, 60.0),
    budget("rwlock-write", 3.0, 60.0),
    budget("u32-load", 3.0, 30.0),
    budget("u32-store", 10.0, 40.0),
    budget("u32-add", 3.0, 30.0),
    budget("u64-load", 3.0, 30.0),
    budget("u64-store", 10.0, 40.0),
    budget("u64-add", 10.0, 40.0),
    budget("pointer-load", 3.0, 30.0),
    budget("pointer-store", 10.0, 40.0),
    budget("pointer-swap", 10.0, 40.0),
    budget("channel", 30.0, 200.0),
    budget("channel-bounded", 30.0, 200.0),
    budget("once-get", 3.0, 30.0),
];

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
