//! The rows of the cost table: what they are, how long a round is, and what
//! must be reached.

/// What recording may cost.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Target {
    /// At most so many times the native operation.
    Times(f64),
    /// At most so many nanoseconds more than the native operation.
    Above(f64),
    /// At most so many times a bare store loop, and so many nanoseconds.
    Bare(f64, f64),
    /// Nothing is asked.
    None,
}

/// A row.
pub struct Row {
    /// Its name to operations and on the command line.
    pub name: &'static str,
    /// Its name to readers.
    pub title: &'static str,
    /// Operations of a round.
    pub count: u32,
    /// What must be reached.
    pub target: Target,
}

const fn row(name: &'static str, title: &'static str, count: u32, target: Target) -> Row {
    Row {
        name,
        title,
        count,
        target,
    }
}

/// All rows, in the order of the table.
pub const ROWS: &[Row] = &[
    row(
        "access",
        "plain access, single",
        100_000,
        Target::Bare(2.0, 2.0),
    ),
    row(
        "access-block",
        "plain access, four in a block",
        100_000,
        Target::Bare(1.3, f64::INFINITY),
    ),
    row(
        "mutex",
        "mutex, lock and unlock",
        40_000,
        Target::Times(1.15),
    ),
    row(
        "mutex-contended",
        "the same, two threads at it",
        10_000,
        Target::Times(1.15),
    ),
    row(
        "rwlock-read",
        "readers-writer lock, read",
        40_000,
        Target::Times(1.15),
    ),
    row(
        "rwlock-readers",
        "the same, two readers at once",
        10_000,
        Target::Times(1.15),
    ),
    row(
        "rwlock-write",
        "readers-writer lock, write",
        40_000,
        Target::Times(1.15),
    ),
    row(
        "u32-load",
        "atomic `u32`, loads of two in turn",
        100_000,
        Target::Above(1.0),
    ),
    row(
        "u32-load-again",
        "the same, again and again",
        100_000,
        Target::Above(1.0),
    ),
    row(
        "u32-load-many",
        "the same, of 32 in turn",
        100_000,
        Target::Above(1.0),
    ),
    row(
        "u32-store",
        "atomic `u32`, store",
        60_000,
        Target::Above(3.0),
    ),
    row("u32-add", "atomic `u32`, add", 60_000, Target::Above(1.0)),
    row(
        "u64-load",
        "atomic `u64`, loads of two in turn",
        100_000,
        Target::Above(1.0),
    ),
    row(
        "u64-store",
        "atomic `u64`, store",
        60_000,
        Target::Above(6.0),
    ),
    row("u64-add", "atomic `u64`, add", 60_000, Target::Above(6.0)),
    row(
        "pointer-load",
        "atomic pointer, loads of two in turn",
        100_000,
        Target::Above(1.0),
    ),
    row(
        "pointer-store",
        "atomic pointer, store",
        60_000,
        Target::Above(6.0),
    ),
    row(
        "pointer-swap",
        "atomic pointer, swap",
        60_000,
        Target::Above(6.0),
    ),
    row(
        "channel",
        "unbounded channel, message",
        20_000,
        Target::Times(1.25),
    ),
    row(
        "channel-bounded",
        "bounded channel, message",
        20_000,
        Target::Times(1.25),
    ),
    row("once-get", "once cell, get", 100_000, Target::None),
    row("condvar", "condition variable, hand-over", 20, Target::None),
    row("spawn-join", "thread, spawn and join", 10, Target::None),
];

#[cfg(test)]
mod tests {
    use super::ROWS;

    #[test]
    fn every_row_is_done_natively_and_by_the_mirrors() {
        for flavour in ["native", "mirrors"] {
            let flavour = crate::flavour::of_name(flavour).unwrap();
            for row in ROWS {
                let operation = flavour.operation(row.name).unwrap();
                let outcome = (operation.run)(row.count.min(1_000));
                assert!(outcome.ns > 0.0, "{} of {}", row.name, flavour.name);
            }
        }
    }
}
