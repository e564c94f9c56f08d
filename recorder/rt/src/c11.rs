//! C11's `mtx_t`, `cnd_t` and `thrd_t`: libc's are what POSIX's are, under
//! functions of their own that don't go through those. (`once_flag` is in
//! `once`.)

use std::ffi::{c_int, c_void};

use hbtrace_traces::kind::Kind;

use crate::call::with_caller;
use crate::cond;
use crate::mutex::{self, MUTEXES};
use crate::real::real;
use crate::record::active;
use crate::thread::{Child, create_by, detached, exits, join_by, take_over};

/// libc's `thrd_busy`.
const BUSY: c_int = 1;

type Start = extern "C-unwind" fn(*mut c_void) -> c_int;

mod next {
    use super::{c_int, c_void, real};

    real! {
        fn mtx_init(mutex: *mut c_void, kind: c_int) -> c_int;
        fn mtx_lock(mutex: *mut c_void) -> c_int;
        fn mtx_trylock(mutex: *mut c_void) -> c_int;
        fn mtx_timedlock(mutex: *mut c_void, until: *const c_void) -> c_int;
        fn mtx_unlock(mutex: *mut c_void) -> c_int;
        fn mtx_destroy(mutex: *mut c_void);
        fn cnd_init(condition: *mut c_void) -> c_int;
        fn cnd_wait(condition: *mut c_void, mutex: *mut c_void) -> c_int;
        fn cnd_timedwait(condition: *mut c_void, mutex: *mut c_void,
            until: *const c_void) -> c_int;
        fn cnd_signal(condition: *mut c_void) -> c_int;
        fn cnd_broadcast(condition: *mut c_void) -> c_int;
        fn cnd_destroy(condition: *mut c_void);
        fn thrd_create(thread: *mut libc::pthread_t, start: *const c_void,
            argument: *mut c_void) -> c_int;
        fn thrd_join(thread: libc::pthread_t, result: *mut c_int) -> c_int;
        fn thrd_detach(thread: libc::pthread_t) -> c_int;
        fn thrd_exit(result: c_int);
    }
}

with_caller! {
    /// Begins a mutex's life, as C11 says.
    fn mtx_init(mutex: *mut c_void, kind: c_int) -> c_int => init, "rdx";
    /// Takes a mutex, as C11 says.
    fn mtx_lock(mutex: *mut c_void) -> c_int => lock, "rsi";
    /// Takes a mutex if nobody has it, as C11 says.
    fn mtx_trylock(mutex: *mut c_void) -> c_int => try_lock, "rsi";
    /// Takes a mutex until a time, as C11 says.
    fn mtx_timedlock(mutex: *mut c_void, until: *const c_void) -> c_int => timed_lock, "rdx";
    /// Lets go of a mutex, as C11 says.
    fn mtx_unlock(mutex: *mut c_void) -> c_int => unlock, "rsi";
    /// Ends a mutex's life, as C11 says.
    fn mtx_destroy(mutex: *mut c_void) => destroy, "rsi";
    /// Begins a condition's life, as C11 says.
    fn cnd_init(condition: *mut c_void) -> c_int => condition_init, "rsi";
    /// Waits for a condition, as C11 says.
    fn cnd_wait(condition: *mut c_void, mutex: *mut c_void) -> c_int => wait, "rdx";
    /// Waits for a condition until a time, as C11 says.
    fn cnd_timedwait(condition: *mut c_void, mutex: *mut c_void,
        until: *const c_void) -> c_int => timed_wait, "rcx";
    /// Wakes one that waits, as C11 says.
    fn cnd_signal(condition: *mut c_void) -> c_int => signal, "rsi";
    /// Wakes all, as C11 says.
    fn cnd_broadcast(condition: *mut c_void) -> c_int => broadcast, "rsi";
    /// Ends a condition's life, as C11 says.
    fn cnd_destroy(condition: *mut c_void) => condition_destroy, "rsi";
    /// Creates a thread, as C11 says.
    fn thrd_create(thread: *mut libc::pthread_t, start: *const c_void,
        argument: *mut c_void) -> c_int => create, "rcx";
    /// Waits for a thread's end, as C11 says.
    fn thrd_join(thread: libc::pthread_t, result: *mut c_int) -> c_int => join, "rdx";
    /// Nobody will join the thread, as C11 says.
    fn thrd_detach(thread: libc::pthread_t) -> c_int => detach, "rsi";
    /// Ends this thread, as C11 says.
    fn thrd_exit(result: c_int) => exit, "rsi";
}

unsafe extern "C" fn init(mutex: *mut c_void, kind: c_int, _back: usize) -> c_int {
    MUTEXES.forget(mutex.addr());
    // SAFETY: as the caller promises.
    unsafe { next::mtx_init(mutex, kind) }
}

unsafe extern "C" fn lock(mutex: *mut c_void, back: usize) -> c_int {
    // SAFETY: as the caller promises.
    let attempt = || unsafe { next::mtx_trylock(mutex) };
    // SAFETY: as the caller promises.
    let block = || unsafe { next::mtx_lock(mutex) };
    mutex::take(mutex, back, BUSY, attempt, block)
}

unsafe extern "C" fn try_lock(mutex: *mut c_void, back: usize) -> c_int {
    // SAFETY: as the caller promises.
    mutex::attempt(mutex, back, BUSY, || unsafe { next::mtx_trylock(mutex) })
}

unsafe extern "C" fn timed_lock(mutex: *mut c_void, until: *const c_void, back: usize) -> c_int {
    // SAFETY: as the caller promises.
    let attempt = || unsafe { next::mtx_trylock(mutex) };
    // SAFETY: as the caller promises.
    let block = || unsafe { next::mtx_timedlock(mutex, until) };
    mutex::take(mutex, back, BUSY, attempt, block)
}

unsafe extern "C" fn unlock(mutex: *mut c_void, back: usize) -> c_int {
    mutex::release(mutex, back);
    // SAFETY: as the caller promises.
    unsafe { next::mtx_unlock(mutex) }
}

unsafe extern "C" fn destroy(mutex: *mut c_void, _back: usize) {
    MUTEXES.forget(mutex.addr());
    // SAFETY: as the caller promises.
    unsafe { next::mtx_destroy(mutex) }
}

unsafe extern "C" fn condition_init(condition: *mut c_void, _back: usize) -> c_int {
    cond::forget(condition);
    // SAFETY: as the caller promises.
    unsafe { next::cnd_init(condition) }
}

unsafe extern "C-unwind" fn wait(condition: *mut c_void, mutex: *mut c_void, back: usize) -> c_int {
    cond::wait_by(condition, mutex, back, || {
        // SAFETY: as the caller promises.
        unsafe { next::cnd_wait(condition, mutex) }
    })
}

unsafe extern "C-unwind" fn timed_wait(
    condition: *mut c_void,
    mutex: *mut c_void,
    until: *const c_void,
    back: usize,
) -> c_int {
    cond::wait_by(condition, mutex, back, || {
        // SAFETY: as the caller promises.
        unsafe { next::cnd_timedwait(condition, mutex, until) }
    })
}

unsafe extern "C" fn signal(condition: *mut c_void, back: usize) -> c_int {
    cond::wake(condition, back, Kind::Notify);
    // SAFETY: as the caller promises.
    unsafe { next::cnd_signal(condition) }
}

unsafe extern "C" fn broadcast(condition: *mut c_void, back: usize) -> c_int {
    cond::wake(condition, back, Kind::NotifyAll);
    // SAFETY: as the caller promises.
    unsafe { next::cnd_broadcast(condition) }
}

unsafe extern "C-unwind" fn condition_destroy(condition: *mut c_void, _back: usize) {
    cond::forget(condition);
    // SAFETY: as the caller promises.
    unsafe { next::cnd_destroy(condition) }
}

unsafe extern "C" fn create(
    thread: *mut libc::pthread_t,
    start: *const c_void,
    argument: *mut c_void,
    back: usize,
) -> c_int {
    if !active() {
        // SAFETY: as the caller promises.
        return unsafe { next::thrd_create(thread, start, argument) };
    }
    let child = || Child::fork(start, argument, true, back);
    let create = |child| {
        // SAFETY: as the caller promises; `run` takes the child.
        unsafe { next::thrd_create(thread, run as *const c_void, child) }
    };
    // SAFETY: as the caller promises.
    unsafe { create_by(thread, child, create) }
}

extern "C-unwind" fn run(child: *mut c_void) -> c_int {
    let (start, argument, ending) = take_over(child);
    let _stack = ending.stack();
    // SAFETY: the caller of `create` passed a function of this type.
    let start = unsafe { std::mem::transmute::<*const c_void, Start>(start) };
    start(argument)
}

unsafe extern "C-unwind" fn join(
    thread: libc::pthread_t,
    result: *mut c_int,
    back: usize,
) -> c_int {
    join_by(thread, back, true, || {
        // SAFETY: as the caller promises.
        unsafe { next::thrd_join(thread, result) }
    })
}

unsafe extern "C" fn detach(thread: libc::pthread_t, _back: usize) -> c_int {
    detached(thread);
    // SAFETY: as the caller promises.
    unsafe { next::thrd_detach(thread) }
}

unsafe extern "C-unwind" fn exit(result: c_int, back: usize) {
    exits(back);
    // SAFETY: as the caller promises.
    unsafe { next::thrd_exit(result) }
}
