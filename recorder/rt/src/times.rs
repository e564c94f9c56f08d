//! What libc takes for a time until which one waits. Where it refuses a time it
//! doesn't look any further, so what is tried here before a wait is not tried.

use std::ffi::{c_int, c_void};

/// Whether libc waits by this clock.
pub(crate) fn is_clock(clock: c_int) -> bool {
    matches!(clock, libc::CLOCK_REALTIME | libc::CLOCK_MONOTONIC)
}

/// Whether libc takes it for a time.
///
/// # Safety
/// `until` is a time that can be read.
pub(crate) unsafe fn is_time(until: *const c_void) -> bool {
    // SAFETY: as the caller promises.
    let nanoseconds = unsafe { (*until.cast::<libc::timespec>()).tv_nsec };
    (0..1_000_000_000).contains(&nanoseconds)
}
