//! Carries poisoning from std's guards to the mirrors' guards.

use std::sync::{LockResult, PoisonError};

/// Applies `wrap` to the guard, poisoned or not.
#[inline]
pub(super) fn map<G, H>(result: LockResult<G>, wrap: impl FnOnce(G) -> H) -> LockResult<H> {
    match result {
        Ok(guard) => Ok(wrap(guard)),
        Err(poisoned) => Err(PoisonError::new(wrap(poisoned.into_inner()))),
    }
}

/// The guard of an internal lock, whose data no panic can leave in disorder.
#[inline]
pub(super) fn ignore<G>(result: LockResult<G>) -> G {
    result.unwrap_or_else(PoisonError::into_inner)
}
