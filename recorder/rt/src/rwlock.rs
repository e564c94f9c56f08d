//! `pthread_rwlock_t`.

use std::ffi::{c_int, c_void};

use hbtrace_traces::object::ObjectKind;

use crate::call::with_caller;
use crate::holds::{Family, Mode, Request};
use crate::real::real;
use crate::times::{is_clock, is_time};

mod next {
    use super::{c_int, c_void, real};

    real! {
        fn pthread_rwlock_init(lock: *mut c_void, attributes: *const c_void) -> c_int;
        fn pthread_rwlock_rdlock(lock: *mut c_void) -> c_int;
        fn pthread_rwlock_tryrdlock(lock: *mut c_void) -> c_int;
        fn pthread_rwlock_timedrdlock(lock: *mut c_void, until: *const c_void) -> c_int;
        fn pthread_rwlock_clockrdlock(lock: *mut c_void, clock: c_int, until: *const c_void) -> c_int;
        fn pthread_rwlock_wrlock(lock: *mut c_void) -> c_int;
        fn pthread_rwlock_trywrlock(lock: *mut c_void) -> c_int;
        fn pthread_rwlock_timedwrlock(lock: *mut c_void, until: *const c_void) -> c_int;
        fn pthread_rwlock_clockwrlock(lock: *mut c_void, clock: c_int, until: *const c_void) -> c_int;
        fn pthread_rwlock_unlock(lock: *mut c_void) -> c_int;
        fn pthread_rwlock_destroy(lock: *mut c_void) -> c_int;
    }
}

with_caller! {
    /// Begins its life, as POSIX says.
    fn pthread_rwlock_init(lock: *mut c_void, attributes: *const c_void) -> c_int => init, "rdx";
    /// Takes it to read, as POSIX says.
    fn pthread_rwlock_rdlock(lock: *mut c_void) -> c_int => read, "rsi";
    /// Takes it to read if that needs no wait, as POSIX says.
    fn pthread_rwlock_tryrdlock(lock: *mut c_void) -> c_int => try_read, "rsi";
    /// Takes it to read until a time, as POSIX says.
    fn pthread_rwlock_timedrdlock(lock: *mut c_void, until: *const c_void) -> c_int
        => timed_read, "rdx";
    /// Takes it to read until a time of a clock, as POSIX says.
    fn pthread_rwlock_clockrdlock(lock: *mut c_void, clock: c_int, until: *const c_void) -> c_int
        => clock_read, "rcx";
    /// Takes it to write, as POSIX says.
    fn pthread_rwlock_wrlock(lock: *mut c_void) -> c_int => write, "rsi";
    /// Takes it to write if that needs no wait, as POSIX says.
    fn pthread_rwlock_trywrlock(lock: *mut c_void) -> c_int => try_write, "rsi";
    /// Takes it to write until a time, as POSIX says.
    fn pthread_rwlock_timedwrlock(lock: *mut c_void, until: *const c_void) -> c_int
        => timed_write, "rdx";
    /// Takes it to write until a time of a clock, as POSIX says.
    fn pthread_rwlock_clockwrlock(lock: *mut c_void, clock: c_int, until: *const c_void) -> c_int
        => clock_write, "rcx";
    /// Lets go of it, as POSIX says.
    fn pthread_rwlock_unlock(lock: *mut c_void) -> c_int => unlock, "rsi";
    /// Ends its life, as POSIX says.
    fn pthread_rwlock_destroy(lock: *mut c_void) -> c_int => destroy, "rsi";
}

static LOCKS: Family = Family::new(ObjectKind::RwLock);

fn request(lock: *mut c_void, back: usize, mode: Mode) -> Request {
    Request {
        address: lock.addr(),
        back,
        mode,
        busy: libc::EBUSY,
    }
}

/// Takes it to read by `block`, if that needs a wait.
fn take_shared(lock: *mut c_void, back: usize, block: impl FnOnce() -> c_int) -> c_int {
    // SAFETY: as the caller of libc's function promises.
    let attempt = || unsafe { next::pthread_rwlock_tryrdlock(lock) };
    LOCKS.take(request(lock, back, Mode::Shared), attempt, block)
}

/// Takes it to write by `block`, if that needs a wait.
fn take_exclusive(lock: *mut c_void, back: usize, block: impl FnOnce() -> c_int) -> c_int {
    // SAFETY: as the caller of libc's function promises.
    let attempt = || unsafe { next::pthread_rwlock_trywrlock(lock) };
    LOCKS.take(request(lock, back, Mode::Exclusive), attempt, block)
}

unsafe extern "C" fn init(lock: *mut c_void, attributes: *const c_void, _back: usize) -> c_int {
    LOCKS.forget(lock.addr());
    // SAFETY: as the caller promises.
    unsafe { next::pthread_rwlock_init(lock, attributes) }
}

unsafe extern "C" fn read(lock: *mut c_void, back: usize) -> c_int {
    // SAFETY: as the caller promises.
    take_shared(lock, back, || unsafe { next::pthread_rwlock_rdlock(lock) })
}

unsafe extern "C" fn try_read(lock: *mut c_void, back: usize) -> c_int {
    LOCKS.attempt(request(lock, back, Mode::Shared), || {
        // SAFETY: as the caller promises.
        unsafe { next::pthread_rwlock_tryrdlock(lock) }
    })
}

unsafe extern "C" fn timed_read(lock: *mut c_void, until: *const c_void, back: usize) -> c_int {
    // SAFETY: as the caller promises.
    let block = || unsafe { next::pthread_rwlock_timedrdlock(lock, until) };
    // SAFETY: as the caller promises.
    if !unsafe { is_time(until) } {
        return block();
    }
    take_shared(lock, back, block)
}

unsafe extern "C" fn clock_read(
    lock: *mut c_void,
    clock: c_int,
    until: *const c_void,
    back: usize,
) -> c_int {
    // SAFETY: as the caller promises.
    let block = || unsafe { next::pthread_rwlock_clockrdlock(lock, clock, until) };
    // SAFETY: as the caller promises.
    if !is_clock(clock) || !unsafe { is_time(until) } {
        return block();
    }
    take_shared(lock, back, block)
}

unsafe extern "C" fn write(lock: *mut c_void, back: usize) -> c_int {
    // SAFETY: as the caller promises.
    take_exclusive(lock, back, || unsafe { next::pthread_rwlock_wrlock(lock) })
}

unsafe extern "C" fn try_write(lock: *mut c_void, back: usize) -> c_int {
    LOCKS.attempt(request(lock, back, Mode::Exclusive), || {
        // SAFETY: as the caller promises.
        unsafe { next::pthread_rwlock_trywrlock(lock) }
    })
}

unsafe extern "C" fn timed_write(lock: *mut c_void, until: *const c_void, back: usize) -> c_int {
    // SAFETY: as the caller promises.
    let block = || unsafe { next::pthread_rwlock_timedwrlock(lock, until) };
    // SAFETY: as the caller promises.
    if !unsafe { is_time(until) } {
        return block();
    }
    take_exclusive(lock, back, block)
}

unsafe extern "C" fn clock_write(
    lock: *mut c_void,
    clock: c_int,
    until: *const c_void,
    back: usize,
) -> c_int {
    // SAFETY: as the caller promises.
    let block = || unsafe { next::pthread_rwlock_clockwrlock(lock, clock, until) };
    // SAFETY: as the caller promises.
    if !is_clock(clock) || !unsafe { is_time(until) } {
        return block();
    }
    take_exclusive(lock, back, block)
}

unsafe extern "C" fn unlock(lock: *mut c_void, back: usize) -> c_int {
    LOCKS.release(lock.addr(), back, true);
    // SAFETY: as the caller promises.
    unsafe { next::pthread_rwlock_unlock(lock) }
}

unsafe extern "C" fn destroy(lock: *mut c_void, _back: usize) -> c_int {
    LOCKS.forget(lock.addr());
    // SAFETY: as the caller promises.
    unsafe { next::pthread_rwlock_destroy(lock) }
}
