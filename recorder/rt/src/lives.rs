//! Lives of blocks of memory, as allocators tell them.
//!
//! **From when on.** Before a program has created a thread, all that it does
//! happens before all that any other thread does: there is nothing that a life
//! could order, and none is recorded. Nor is one in a program no part of which
//! is instrumented, as nobody tells what the block is used for.
//!
//! **Malloc is called from everywhere**: from within this library, the
//! recorder, libc and the loader, which allocates a thread's thread-locals when
//! they are first touched. So what tells whether the thread is
//! [here](Telling) already is a thread-local that needs no allocation: one at a
//! fixed distance from the thread's pointer.

use std::sync::atomic::{AtomicU8, Ordering};

use hbtrace_recorder::raw::{self, Place};

use crate::tls::telling;
use crate::{errno, inside, own, versions};

/// Some part of the program is instrumented.
const INSTRUMENTED: u8 = 1;
/// It has created a thread.
const THREADS: u8 = 2;

static STATE: AtomicU8 = AtomicU8::new(0);

/// Instrumented code is there.
pub(crate) fn instrumented() {
    // Relaxed: what comes before it is ordered by other means.
    STATE.fetch_or(INSTRUMENTED, Ordering::Relaxed);
}

/// A thread is about to be created.
pub(crate) fn threads() {
    // Relaxed: the new thread and all that come after it find it by being
    // created.
    STATE.fetch_or(THREADS, Ordering::Relaxed);
}

/// Whether lives matter.
#[inline(always)]
fn matter() -> bool {
    // Relaxed: as above.
    STATE.load(Ordering::Relaxed) == INSTRUMENTED | THREADS
}

/// This thread tells of a life until it is dropped.
struct Telling(());

impl Telling {
    /// `None`: it does already.
    #[inline]
    fn new() -> Option<Telling> {
        if telling::get() != 0 {
            return None;
        }
        telling::set(1);
        Some(Telling(()))
    }
}

impl Drop for Telling {
    #[inline]
    fn drop(&mut self) {
        telling::set(0);
    }
}

/// Runs `tell`, and keeps the caller's errno; or says that it can't be told.
fn tell(tell: impl FnOnce()) -> bool {
    let Some(_telling) = Telling::new() else {
        return false;
    };
    let tells = !inside::is_inside();
    if tells && raw::recording() {
        let _errno = errno::keep();
        tell();
    }
    tells
}

/// A block has come from an allocator.
#[inline]
pub(crate) fn begins(start: usize, len: usize, back: usize) {
    if matter() {
        begins_told(start, len, back);
    }
}

#[cold]
fn begins_told(start: usize, len: usize, back: usize) {
    if !tell(|| raw::alloc(start, len, Place::of_call(back))) {
        own::keep_untold(start);
    }
}

/// A block is about to go back.
#[inline]
pub(crate) fn ends(start: usize, len: usize, back: usize) {
    versions::forget(start, len);
    if matter() {
        ends_told(start, len, back);
    }
}

#[cold]
fn ends_told(start: usize, len: usize, back: usize) {
    if !own::was_untold(start) {
        tell(|| raw::free(start, len, Place::of_call(back)));
    }
}
