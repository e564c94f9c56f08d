//! Accesses to plain data: told to the recorder, and what that is held against.

use hbtrace_recorder::{Access, accesses};

use crate::opaque::{settle, use_it};
use crate::operation::{Operation, Outcome, timed};
use crate::store::Bare;

const WARM: u32 = 4_000;
/// Words that are accessed in turn: a page.
const WORDS: usize = 512;

/// Nothing but the loop and the address, as the native program has them.
pub(crate) const NATIVE: &[Operation] = &[
    Operation::new("access", nothing),
    Operation::new("access-block", nothing_in_blocks),
    Operation::new("plain-write", plain_write),
];

/// Told to the recorder, whether it records or not.
pub(crate) const TOLD: &[Operation] = &[
    Operation::new("access", told),
    Operation::new("access-block", told_in_blocks),
    Operation::new("plain-write", told_write),
    Operation::new("event", told),
];

/// Stores of 8 bytes into a mapped file, one after the other.
pub(crate) const BARE: &[Operation] = &[
    Operation::new("access", bare),
    Operation::new("access-block", bare_in_blocks),
];

/// The address of a word, taken in a register: what the program needs for the
/// access itself.
#[inline(always)]
fn take_address(words: &[u64; WORDS], index: usize) {
    use_it((&raw const words[index % WORDS]).addr() as u64);
}

#[inline(never)]
fn nothing(count: u32) -> Outcome {
    let words = [0_u64; WORDS];
    timed(WARM, count, |count| {
        for index in 0..count as usize {
            take_address(&words, index);
        }
    })
}

#[inline(never)]
fn nothing_in_blocks(count: u32) -> Outcome {
    let words = [0_u64; WORDS];
    timed(WARM, count, |count| {
        for index in (0..count as usize).step_by(4) {
            for place in index..index + 4 {
                take_address(&words, place);
            }
        }
    })
}

/// A real write, for compilers that instrument it.
#[inline(never)]
fn plain_write(count: u32) -> Outcome {
    let mut words = [0_u64; WORDS];
    timed(WARM, count, |count| {
        for index in 0..count as usize {
            words[index % WORDS] = index as u64;
            settle(&words);
        }
    })
}

/// A real write and what is told of it.
#[inline(never)]
fn told_write(count: u32) -> Outcome {
    let mut words = [0_u64; WORDS];
    timed(WARM, count, |count| {
        for index in 0..count as usize {
            hbtrace_recorder::write(&raw const words[index % WORDS], 8);
            words[index % WORDS] = index as u64;
            settle(&words);
        }
    })
}

#[inline(never)]
fn told(count: u32) -> Outcome {
    let mut words = [0_u64; WORDS];
    timed(WARM, count, |count| {
        for index in 0..count as usize {
            hbtrace_recorder::writing(&mut words[index % WORDS]);
        }
    })
}

/// Four accesses, each of its own place in the source.
#[inline(never)]
fn told_in_blocks(count: u32) -> Outcome {
    let mut words = [0_u64; WORDS];
    timed(WARM, count, |count| {
        for index in (0..count as usize).step_by(4) {
            accesses([
                Access::read(&words[index % WORDS]),
                Access::read(&words[(index + 1) % WORDS]),
                Access::write(&mut words[(index + 2) % WORDS]),
                Access::write(&mut words[(index + 3) % WORDS]),
            ]);
        }
    })
}

#[inline(never)]
fn bare(count: u32) -> Outcome {
    let mut bare = Bare::with_room_for(WARM + count);
    timed(WARM, count, |count| bare.fill(count))
}

#[inline(never)]
fn bare_in_blocks(count: u32) -> Outcome {
    let mut bare = Bare::with_room_for(WARM + count);
    timed(WARM, count, |count| bare.fill_in_blocks(count))
}
