//! Accesses without a pause, as fast as one thread can: what the file, the disk
//! behind it and the recorder's helper keep up with.

use std::time::Instant;

use crate::operation::{Operation, Outcome};
use crate::processor::Usage;
use crate::store::Bare;

/// Parts that are timed each, to see the slowest.
pub const PARTS: u32 = 64;
/// Words that are accessed in turn.
const WORDS: usize = 512;

/// Told to the recorder.
pub(crate) const TOLD: &[Operation] = &[Operation::new("sustained", told)];
/// Stored into a mapping that was populated before.
pub(crate) const BARE: &[Operation] = &[Operation::new("sustained", bare)];

/// Runs the parts. Others: page faults of this thread, its CPU seconds, CPU
/// seconds of all other threads meanwhile, nanoseconds per access of the
/// slowest part.
fn run(count: u32, mut part: impl FnMut(u32)) -> Outcome {
    let (thread, process) = (Usage::of_thread(), Usage::of_process());
    let start = Instant::now();
    let mut slowest = 0.0_f64;
    for _ in 0..PARTS {
        let start = Instant::now();
        part(count / PARTS);
        slowest = slowest.max(start.elapsed().as_nanos() as f64);
    }
    let ns = start.elapsed().as_nanos() as f64;
    let thread = Usage::of_thread().since(&thread);
    let process = Usage::of_process().since(&process);
    let others = process.cpu().saturating_sub(thread.cpu());
    Outcome {
        ns,
        others: vec![
            thread.faults as f64,
            thread.cpu().as_secs_f64(),
            others.as_secs_f64(),
            slowest / f64::from(count / PARTS),
        ],
    }
}

#[inline(never)]
fn told(count: u32) -> Outcome {
    let words = [0_u64; WORDS];
    run(count, |count| {
        for index in 0..count as usize {
            hbtrace_recorder::write(&raw const words[index % WORDS], 8);
        }
    })
}

#[inline(never)]
fn bare(count: u32) -> Outcome {
    let mut bare = Bare::with_room_for(count);
    run(count, |count| bare.fill(count))
}
