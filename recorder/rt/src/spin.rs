//! `pthread_spinlock_t`.

use std::ffi::{c_int, c_void};

use hbtrace_traces::object::ObjectKind;

use crate::call::with_caller;
use crate::holds::{Family, Mode, Request};
use crate::real::real;

mod next {
    use super::{c_int, c_void, real};

    real! {
        fn pthread_spin_init(spin: *mut c_void, shared: c_int) -> c_int;
        fn pthread_spin_lock(spin: *mut c_void) -> c_int;
        fn pthread_spin_trylock(spin: *mut c_void) -> c_int;
        fn pthread_spin_unlock(spin: *mut c_void) -> c_int;
        fn pthread_spin_destroy(spin: *mut c_void) -> c_int;
    }
}

with_caller! {
    /// Begins its life, as POSIX says.
    fn pthread_spin_init(spin: *mut c_void, shared: c_int) -> c_int => init, "rdx";
    /// Takes it, as POSIX says.
    fn pthread_spin_lock(spin: *mut c_void) -> c_int => lock, "rsi";
    /// Takes it if nobody has it, as POSIX says.
    fn pthread_spin_trylock(spin: *mut c_void) -> c_int => try_lock, "rsi";
    /// Lets go of it, as POSIX says.
    fn pthread_spin_unlock(spin: *mut c_void) -> c_int => unlock, "rsi";
    /// Ends its life, as POSIX says.
    fn pthread_spin_destroy(spin: *mut c_void) -> c_int => destroy, "rsi";
}

static LOCKS: Family = Family::new(ObjectKind::Mutex);

fn request(spin: *mut c_void, back: usize) -> Request {
    Request {
        address: spin.addr(),
        back,
        mode: Mode::Exclusive,
        busy: libc::EBUSY,
    }
}

unsafe extern "C" fn init(spin: *mut c_void, shared: c_int, _back: usize) -> c_int {
    LOCKS.forget(spin.addr());
    // SAFETY: as the caller promises.
    unsafe { next::pthread_spin_init(spin, shared) }
}

unsafe extern "C" fn lock(spin: *mut c_void, back: usize) -> c_int {
    // SAFETY: as the caller promises.
    let attempt = || unsafe { next::pthread_spin_trylock(spin) };
    // SAFETY: as the caller promises.
    let block = || unsafe { next::pthread_spin_lock(spin) };
    LOCKS.take(request(spin, back), attempt, block)
}

unsafe extern "C" fn try_lock(spin: *mut c_void, back: usize) -> c_int {
    LOCKS.attempt(request(spin, back), || {
        // SAFETY: as the caller promises.
        unsafe { next::pthread_spin_trylock(spin) }
    })
}

unsafe extern "C" fn unlock(spin: *mut c_void, back: usize) -> c_int {
    LOCKS.release(spin.addr(), back, false);
    // SAFETY: as the caller promises.
    unsafe { next::pthread_spin_unlock(spin) }
}

unsafe extern "C" fn destroy(spin: *mut c_void, _back: usize) -> c_int {
    LOCKS.forget(spin.addr());
    // SAFETY: as the caller promises.
    unsafe { next::pthread_spin_destroy(spin) }
}
