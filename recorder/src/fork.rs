//! What the process tells the session: that it exits, that it forks.
//!
//! A forked child shares its parent's mapping of the file. It stops recording
//! in the first moment of its life, before any code of the service runs there.
#![allow(unsafe_code)] // Registers handlers with the C library.

use crate::session;

extern "C" fn at_exit() {
    session::finish();
}

extern "C" fn in_child() {
    session::leave();
}

/// Registers the handlers, once.
pub(crate) fn watch() {
    // SAFETY: a function without arguments that lives as long as the process
    // and does not unwind.
    let _ = unsafe { libc::atexit(at_exit) };
    // SAFETY: as above. The child's handler only stores to an atomic.
    let _ = unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
}
