//! What the process tells the session: that it exits, that it forks, whether
//! its environment can be trusted.
//!
//! A forked child shares its parent's mapping of the file. It stops recording
//! in the first moment of its life, before any code of the service runs there.
//! So a service that makes itself a daemon by forking is not recorded: run it
//! in the foreground.
#![allow(unsafe_code)] // Calls of the C library.

use std::os::fd::RawFd;

use crate::primitive::{AtomicI32, Ordering};
use crate::session;

/// The file's descriptor.
static FILE: AtomicI32 = AtomicI32::new(-1);

extern "C" fn at_exit() {
    session::finish();
}

extern "C" fn in_child() {
    session::leave();
    // The lock on the file is the parent's, and ends with it.
    // SAFETY: a descriptor that nobody in the child uses any more; a call that
    // a forked child may make.
    unsafe { libc::close(FILE.load(Ordering::Relaxed)) };
}

/// Registers the handlers, once, for the session that records into `file`.
pub(crate) fn watch(file: RawFd) {
    // Relaxed: handlers run on threads that come after.
    FILE.store(file, Ordering::Relaxed);
    // SAFETY: a function without arguments that lives as long as the process
    // and does not unwind.
    let _ = unsafe { libc::atexit(at_exit) };
    // SAFETY: as above. The child's handler only stores to an atomic.
    let _ = unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
}

/// Whether the process has rights that whoever started it has not (set-user-id
/// and alike): then files that the environment names are not written.
pub(crate) fn is_privileged() -> bool {
    // SAFETY: a look into what the kernel told the process at its start.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}
