//! What the mirrors ask of std's atomics, and when these alone will do.

use std::sync::atomic::Ordering;

use crate::{emit, state};

/// A std atomic whose value can be told as bits.
pub(super) trait Native {
    /// Its value.
    type Value: Copy;
    /// Loads the value as bits; those that it lacks are zero.
    fn bits(&self, order: Ordering) -> u64;
    /// The value as bits; those that it lacks are zero.
    fn to_bits(value: Self::Value) -> u64;
    /// The value of these bits.
    fn from_bits(bits: u64) -> Self::Value;
    /// The value, for its only owner.
    fn value_mut(&mut self) -> &mut Self::Value;
}

/// One of four bytes or less.
pub(super) trait Small: Native {
    /// What makes eight bytes of it.
    type Version;
    /// That, of a value that nobody has written yet: 1, in little-endian order.
    const UNWRITTEN: Self::Version;
}

/// Whether this process does not record: then an operation is std's own, and
/// versions stay where they are, for nobody will ask for them. That is decided
/// before the first operation and for good.
#[inline(always)]
pub(super) fn is_off() -> bool {
    let (off, on) = state::off_or_on();
    if off {
        return true;
    }
    if on {
        return false;
    }
    decide()
}

/// Not decided yet, or at an end. What a thread does *while* it decides (its
/// allocator may be built from mirrors) is std's own as well: it is not
/// recorded, and all other threads wait for the decision.
#[cold]
#[inline(never)]
fn decide() -> bool {
    // Where the session is at an end, this shuts the fast path.
    let _ = emit::recording();
    matches!(state::now(), state::OFF | state::UNDECIDED)
}
