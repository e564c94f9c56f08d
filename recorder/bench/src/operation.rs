//! One thing that is measured: a loop over an operation.

use std::hint::black_box;
use std::time::Instant;

/// What one round told.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Nanoseconds of all operations of the round.
    pub ns: f64,
    /// What else a round has to say, by the row's own meaning.
    pub others: Vec<f64>,
}

/// An operation as one side (std, the mirrors, a peer) has it.
#[derive(Clone, Copy)]
pub struct Operation {
    /// The row it belongs to.
    pub row: &'static str,
    /// Runs one round of so many operations.
    pub run: fn(u32) -> Outcome,
}

impl Operation {
    /// The operation of a row.
    #[must_use]
    pub const fn new(row: &'static str, run: fn(u32) -> Outcome) -> Operation {
        Operation { row, run }
    }
}

/// Times `body`, after `warm` operations that are not counted. Both go through
/// one copy of the code.
#[inline(always)]
pub fn timed(warm: u32, count: u32, mut body: impl FnMut(u32)) -> Outcome {
    let mut ns = 0;
    for operations in black_box([warm, count]) {
        let start = Instant::now();
        body(operations);
        ns = start.elapsed().as_nanos();
    }
    Outcome {
        ns: ns as f64,
        others: Vec::new(),
    }
}
