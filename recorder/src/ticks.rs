//! The clock of time stamps: the time-stamp counter where there is one.
//!
//! Ticks never decide an order (a counter read inside critical sections
//! inverted 0.66 % of real hand-offs); they only say how long things took. The
//! header holds two pairs of ticks and nanoseconds, at the start and at the
//! latest drawing of a chunk, from which a reader converts.
#![allow(unsafe_code)] // The counter is read by an intrinsic that is an unsafe fn.

use std::time::Instant;

/// The counter now.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn now() -> u64 {
    // SAFETY: every x86_64 processor has the instruction; the operating
    // system, which could forbid it, does so on no system that std runs on.
    unsafe { core::arch::x86_64::_rdtsc() }
}

/// Nanoseconds since the first call, plus one so that no stamp is zero.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
pub(crate) fn now() -> u64 {
    use crate::primitive::OnceLock;
    static BASE: OnceLock<Instant> = OnceLock::new();
    BASE.get_or_init(Instant::now).elapsed().as_nanos() as u64 + 1
}

/// The beginning of a recording in both clocks.
pub(crate) struct Start {
    /// In ticks.
    pub(crate) ticks: u64,
    instant: Instant,
}

impl Start {
    /// Now.
    pub(crate) fn now() -> Start {
        Start {
            instant: Instant::now(),
            ticks: now(),
        }
    }

    /// Ticks now, and nanoseconds since the start.
    pub(crate) fn pair(&self) -> (u64, u64) {
        (now(), self.instant.elapsed().as_nanos() as u64)
    }
}
