//! Fences.

use std::panic::Location;
use std::sync::atomic::Ordering;

use hbtrace_traces::event::{NO_NUMBER, NONE};
use hbtrace_traces::kind::Kind;

use super::order::recorded;
use crate::emit;

/// Mirror of `std::sync::atomic::fence`.
///
/// # Panics
/// If `order` is `Relaxed`.
#[track_caller]
pub fn fence(order: Ordering) {
    assert!(
        order != Ordering::Relaxed,
        "there is no such thing as a relaxed fence"
    );
    // The caller's ordering: its pairs are in the caller's code.
    std::sync::atomic::fence(order);
    if emit::recording() {
        let order = recorded(order);
        emit::quick(Kind::Fence, order, NONE, NO_NUMBER, Location::caller());
    }
}
