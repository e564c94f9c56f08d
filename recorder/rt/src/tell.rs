//! Messages of this library, without an allocation: it stands below malloc.

use std::ffi::CStr;

/// Says that the process can't go on, and ends it.
pub(crate) fn fatal(what: &str, name: &CStr) -> ! {
    for part in [b"hbtrace: ", what.as_bytes(), name.to_bytes(), b"\n"] {
        // SAFETY: bytes that are there during the call.
        unsafe { libc::write(2, part.as_ptr().cast(), part.len()) };
    }
    // SAFETY: takes nothing.
    unsafe { libc::abort() }
}
