//! How many of the program's threads there are.
//!
//! The first one may leave by `pthread_exit`; the process ends when all others
//! have. The recorder's own thread would keep it alive, so they are counted.

use std::ffi::c_void;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::inside;

/// One more is about to be created.
pub(crate) fn expect() {
    // Relaxed: a count, which is one too high at most.
    LIVE.fetch_add(1, Ordering::Relaxed);
}

/// It was not.
pub(crate) fn expect_not() {
    // Relaxed: as above.
    LIVE.fetch_sub(1, Ordering::Relaxed);
}

/// The program's threads, the first one included.
static LIVE: AtomicUsize = AtomicUsize::new(1);

/// What libc destroys when a thread has ended, behind all that the program has
/// there that was made before.
static LEAVES: OnceLock<Option<libc::pthread_key_t>> = OnceLock::new();

fn leaves() -> Option<libc::pthread_key_t> {
    let _inside = inside::enter();
    *LEAVES.get_or_init(|| {
        let mut key = 0;
        // SAFETY: a place for the key, and a function that is always there.
        (unsafe { libc::pthread_key_create(&raw mut key, Some(leave)) } == 0).then_some(key)
    })
}

/// This thread is one of them, until it ends.
pub(crate) fn begins() {
    if let Some(key) = leaves() {
        // SAFETY: the key is never deleted; the value is only not null.
        unsafe { libc::pthread_setspecific(key, (&raw const LIVE).cast()) };
    }
}

/// One of them ends.
unsafe extern "C" fn leave(_: *mut c_void) {
    // Relaxed: a count; the last one has nothing to see of the others.
    if LIVE.fetch_sub(1, Ordering::Relaxed) == 1 {
        // SAFETY: as libc itself does when its last thread ends.
        unsafe { libc::exit(0) };
    }
}
