//! Pages from the system, for what can't be had from malloc: this library
//! stands below it, and signal handlers come here.

use std::ffi::c_void;

/// Zeroed pages, of which only those that are touched take memory.
pub(crate) fn map(bytes: usize) -> Option<*mut c_void> {
    let access = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: a new mapping, wherever the system likes. By number: the
    // function of this name may be one of this library's own.
    let mapped = unsafe { libc::syscall(libc::SYS_mmap, 0, bytes, access, flags, -1, 0) };
    (mapped != -1).then(|| std::ptr::with_exposed_provenance_mut(mapped as usize))
}

/// Gives pages back that were mapped here.
pub(crate) fn unmap(start: *mut c_void, bytes: usize) {
    // SAFETY: mapped by `map`, and used by nobody.
    unsafe { libc::syscall(libc::SYS_munmap, start, bytes) };
}
