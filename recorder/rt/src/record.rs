//! How a function that stands in front of libc's tells what happens, so that
//! the program sees nothing of it.

use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, Ordering};

use hbtrace_recorder::raw::{self, Place, Sync};
use hbtrace_traces::kind::Kind;

use crate::{errno, inside};

/// Whether what this thread does now is the program's, and to be recorded.
#[inline]
pub(crate) fn active() -> bool {
    !inside::is_inside() && raw::recording()
}

/// Whether a thread may be cancelled, which must not happen while it records.
static CANCELS: AtomicBool = AtomicBool::new(false);

/// A thread is about to be cancelled, for the first time maybe.
pub(crate) fn cancels() {
    // Relaxed: the request is acted upon after it was made, and libc's own
    // atomics pass it on.
    CANCELS.store(true, Ordering::Relaxed);
}

unsafe extern "C" {
    fn pthread_setcancelstate(state: c_int, before: *mut c_int) -> c_int;
}

/// libc's `PTHREAD_CANCEL_DISABLE`.
const DISABLE: c_int = 1;

/// Runs `then`, which records, and leaves `errno` as it was. The thread can't
/// be cancelled there.
pub(crate) fn telling<R>(then: impl FnOnce() -> R) -> R {
    let _errno = errno::keep();
    // Relaxed: as in `cancels`.
    let cancels = CANCELS.load(Ordering::Relaxed);
    let mut state = 0;
    if cancels {
        // SAFETY: a place for the state.
        unsafe { pthread_setcancelstate(DISABLE, &raw mut state) };
    }
    let result = then();
    if cancels {
        // SAFETY: the state that it was in.
        unsafe { pthread_setcancelstate(state, std::ptr::null_mut()) };
    }
    result
}

/// Records an event.
pub(crate) fn tell(event: Sync) {
    telling(|| event.tell());
}

/// A wait that has begun. Dropped, also because the thread is cancelled in it,
/// it was given up.
#[must_use]
pub(crate) struct Wait {
    object: u32,
    extra: u64,
    place: Place,
}

impl Wait {
    /// The thread begins to wait for `object`; `extra` as `req` has it.
    pub(crate) fn begin(object: u32, extra: u64, place: Place) -> Wait {
        let request = Sync::new(Kind::Req, object, place);
        tell(request.extra(extra).timed(true));
        Wait {
            object,
            extra,
            place,
        }
    }

    /// It has got what it waited for.
    pub(crate) fn over(self) {
        std::mem::forget(self);
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let given_up = Sync::new(Kind::Unreq, self.object, self.place);
        tell(given_up.extra(self.extra).timed(true));
    }
}

unsafe extern "C-unwind" {
    fn pthread_testcancel();
}

/// Lets the thread be cancelled here, as libc's function does that is about to
/// be stood in for.
pub(crate) fn cancellation_point() {
    // SAFETY: the callers can be unwound, as libc's can.
    unsafe { pthread_testcancel() };
}
