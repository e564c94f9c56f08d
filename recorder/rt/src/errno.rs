//! The caller's errno, which nothing that is done here may change.

use std::ffi::c_int;

/// What it was is put back when this is dropped.
#[must_use]
pub(crate) struct Kept(c_int);

/// Keeps it.
#[inline]
pub(crate) fn keep() -> Kept {
    // SAFETY: this thread's own, as long as it is there.
    Kept(unsafe { *libc::__errno_location() })
}

impl Drop for Kept {
    #[inline]
    fn drop(&mut self) {
        set(self.0);
    }
}

/// Sets it.
#[inline]
pub(crate) fn set(error: c_int) {
    // SAFETY: this thread's own, as long as it is there.
    unsafe { *libc::__errno_location() = error };
}
