//! Carries poisoning from std's guards to the mirrors' guards.

use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

/// Applies `wrap` to the guard, poisoned or not.
#[inline]
pub(super) fn map<G, H>(result: LockResult<G>, wrap: impl FnOnce(G) -> H) -> LockResult<H> {
    match result {
        Ok(guard) => Ok(wrap(guard)),
        Err(poisoned) => Err(PoisonError::new(wrap(poisoned.into_inner()))),
    }
}

/// What trying gave: a guard, poisoned or not, or nothing.
#[inline]
pub(super) fn tried<G>(result: TryLockResult<G>) -> Option<LockResult<G>> {
    match result {
        Ok(guard) => Some(Ok(guard)),
        Err(TryLockError::Poisoned(poisoned)) => Some(Err(poisoned)),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// The guard of an internal lock, whose data no panic can leave in disorder.
#[inline]
pub(super) fn ignore<G>(result: LockResult<G>) -> G {
    result.unwrap_or_else(PoisonError::into_inner)
}
