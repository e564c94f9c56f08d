//! `pthread_mutex_t`.
//!
//! Exclusive holds are numbered by how many have ended, as for all locks; the
//! count is changed while the lock is held.

use std::ffi::{c_int, c_void};

use hbtrace_recorder::raw::{self, Place, Sync};
use hbtrace_traces::kind::Kind;
use hbtrace_traces::object::ObjectKind;

use crate::call::with_caller;
use crate::inside;
use crate::objects::Objects;
use crate::real::real;

mod next {
    use super::{c_int, c_void, real};

    real! {
        fn pthread_mutex_lock(mutex: *mut c_void) -> c_int;
        fn pthread_mutex_trylock(mutex: *mut c_void) -> c_int;
        fn pthread_mutex_unlock(mutex: *mut c_void) -> c_int;
        fn pthread_mutex_destroy(mutex: *mut c_void) -> c_int;
    }
}

with_caller! {
    /// Takes the mutex, as POSIX says.
    fn pthread_mutex_lock(mutex: *mut c_void) -> c_int => lock, "rsi";
    /// Lets go of it, as POSIX says.
    fn pthread_mutex_unlock(mutex: *mut c_void) -> c_int => unlock, "rsi";
    /// Ends its life, as POSIX says.
    fn pthread_mutex_destroy(mutex: *mut c_void) -> c_int => destroy, "rsi";
}

/// A mutex.
#[derive(Clone, Copy)]
struct Known {
    id: u32,
    /// Holds that have ended.
    ended: u64,
}

static MUTEXES: Objects<Known> = Objects::new();

/// What is known of the mutex, after `change`.
fn known(mutex: *mut c_void, place: Place, change: impl FnOnce(&mut Known)) -> Known {
    let address = mutex.addr();
    let make = || Known {
        id: raw::object(ObjectKind::Mutex, address, 0, place),
        ended: 0,
    };
    MUTEXES.with(address, make, |known| {
        let before = *known;
        change(known);
        before
    })
}

unsafe extern "C" fn lock(mutex: *mut c_void, back: usize) -> c_int {
    if inside::is_inside() || !raw::recording() {
        // SAFETY: as the caller promises.
        return unsafe { next::pthread_mutex_lock(mutex) };
    }
    let place = Place::of_call(back);
    // SAFETY: as the caller promises.
    let tried = unsafe { next::pthread_mutex_trylock(mutex) };
    let waits = tried == libc::EBUSY;
    let result = if waits {
        let known = known(mutex, place, |_| ());
        Sync::new(Kind::Req, known.id, place).timed(true).tell();
        // SAFETY: as the caller promises.
        unsafe { next::pthread_mutex_lock(mutex) }
    } else {
        tried
    };
    if result == 0 {
        let known = known(mutex, place, |_| ());
        Sync::new(Kind::Acq, known.id, place)
            .number(known.ended)
            .timed(waits)
            .tell();
    }
    result
}

unsafe extern "C" fn unlock(mutex: *mut c_void, back: usize) -> c_int {
    if !inside::is_inside() && raw::recording() {
        let place = Place::of_call(back);
        let known = known(mutex, place, |known| known.ended += 1);
        Sync::new(Kind::Rel, known.id, place)
            .number(known.ended)
            .tell();
    }
    // SAFETY: as the caller promises.
    unsafe { next::pthread_mutex_unlock(mutex) }
}

unsafe extern "C" fn destroy(mutex: *mut c_void, _back: usize) -> c_int {
    if !inside::is_inside() && raw::recording() {
        let _ = MUTEXES.remove(mutex.addr());
    }
    // SAFETY: as the caller promises.
    unsafe { next::pthread_mutex_destroy(mutex) }
}
