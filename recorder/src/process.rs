//! What the process tells the session: that it exits, that it forks, whether
//! its environment can be trusted.
//!
//! A forked child shares its parent's mapping of the file. It stops recording
//! in the first moment of its life, before any code of the service runs there.
//! So a service that makes itself a daemon by forking is not recorded: run it
//! in the foreground.
#![allow(unsafe_code)] // Calls of the C library.

use std::os::fd::RawFd;

use crate::primitive::OnceLock;

/// What the handlers see to.
static WATCHED: OnceLock<Watched> = OnceLock::new();

/// A session, as the process knows it.
pub(crate) struct Watched {
    /// The descriptor of the file that it records into.
    pub(crate) file: RawFd,
    /// The file's device and inode.
    pub(crate) identity: (u64, u64),
    /// Closes the trace.
    pub(crate) finish: fn(),
    /// Makes a forked child record nothing. It only stores to an atomic.
    pub(crate) leave: fn(),
}

extern "C" fn at_exit() {
    if let Some(watched) = WATCHED.get() {
        (watched.finish)();
    }
}

extern "C" fn in_child() {
    let Some(watched) = WATCHED.get() else { return };
    (watched.leave)();
    // The lock on the file is the parent's, and ends with it.
    if is_still(watched.file, watched.identity) {
        // SAFETY: a descriptor that nobody in the child uses any more; a call
        // that a forked child may make.
        unsafe { libc::close(watched.file) };
    }
}

/// Whether the descriptor is still that file's: a service that closes all
/// descriptors may have opened another one under the number.
fn is_still(file: RawFd, identity: (u64, u64)) -> bool {
    // SAFETY: a plain struct of numbers, for which zeros are lawful.
    let mut found: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: a place for the answer; a call that a forked child may make.
    let failed = unsafe { libc::fstat(file, &mut found) } != 0;
    !failed && (found.st_dev, found.st_ino) == identity
}

/// Registers the handlers, for the first session that asks: a process has no
/// other.
pub(crate) fn watch(session: Watched) {
    if WATCHED.set(session).is_err() {
        return;
    }
    // SAFETY: a function without arguments that lives as long as the process
    // and does not unwind.
    let _ = unsafe { libc::atexit(at_exit) };
    // SAFETY: as above. The child's handler reads what was set before it was
    // registered, stores to an atomic, and closes a file.
    let _ = unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
}

/// Whether the process has rights that whoever started it has not (set-user-id
/// and alike): then files that the environment names are not written.
pub(crate) fn is_privileged() -> bool {
    // SAFETY: a look into what the kernel told the process at its start.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}
