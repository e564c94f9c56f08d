//! Whether this process records.
//!
//! # States
//!
//! `UNDECIDED` -> `ON` -> (`EXHAUSTED` ->) `STOPPED`, or `UNDECIDED` -> `OFF`.
//!
//! The first recorded operation, or a [`Builder`](crate::Builder) before it,
//! decides: whether a process records is fixed before it uses its first mirror,
//! so that every number of every object counts from its beginning. A later start
//! is refused.
//!
//! **Why an end is sound.** The state is one atomic that every event looks at
//! first. A thread that sees the end does not record its event, and whoever
//! acquires what that event releases sees the end too, since reading the state
//! came before the release. So what is recorded is closed under
//! happens-before: no event is there without all that happens before it. The
//! same holds for `EXHAUSTED`, which the first sync event that finds no room
//! sets: what is recorded until then can be relied upon, and what comes after
//! is counted.

use crate::primitive::{AtomicU8, Ordering};

/// Not decided yet.
pub(crate) const UNDECIDED: u8 = 0;
/// Records.
pub(crate) const ON: u8 = 1;
/// A sync event found no room: only counts.
pub(crate) const EXHAUSTED: u8 = 2;
/// Records no more.
pub(crate) const STOPPED: u8 = 3;
/// Never records. As a signed number it is the one whose difference from [`ON`]
/// overflows, so that one comparison tells it from `ON` and from the rest.
pub(crate) const OFF: u8 = i8::MIN.cast_unsigned();

#[cfg(not(loom))]
static STATE: AtomicU8 = AtomicU8::new(UNDECIDED);
#[cfg(loom)]
loom::lazy_static! {
    /// One of each execution of a model.
    pub(crate) static ref STATE: AtomicU8 = AtomicU8::new(UNDECIDED);
}
/// The state now.
#[inline]
pub(crate) fn now() -> u8 {
    // Relaxed: see the module's docs for what it does order.
    STATE.load(Ordering::Relaxed)
}

/// Whether it never will be on, and whether it is: one comparison for both.
#[inline(always)]
pub(crate) fn off_or_on() -> (bool, bool) {
    let (difference, off) = now().cast_signed().overflowing_sub(ON.cast_signed());
    (off, difference == 0)
}

/// Whether a session records, or did until it had no room.
pub(crate) fn is_live() -> bool {
    matches!(now(), ON | EXHAUSTED)
}

/// Whether this is the call that ends the session: not if it is stopped
/// already, nor in a child, which is not the session's process.
pub(crate) fn stop() -> bool {
    // Relaxed: see the module's docs.
    let stopped = STATE.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |state| {
        (state == ON || state == EXHAUSTED).then_some(STOPPED)
    });
    stopped.is_ok()
}

/// There was no room for a sync event: nothing more is recorded.
pub(crate) fn exhaust() {
    // Relaxed: see the module's docs. It changes nothing once stopped.
    let _ = STATE.compare_exchange(ON, EXHAUSTED, Ordering::Relaxed, Ordering::Relaxed);
}

/// Fixes it, once: by whoever holds the decision, or in a forked child.
pub(crate) fn set(state: u8) {
    // Release: with the acquire of `shared`, though that needs none; else
    // nothing is published by it.
    STATE.store(state, Ordering::Release);
}
