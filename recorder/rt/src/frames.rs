//! Begin and end of the program, and of its functions.

use std::ffi::c_void;
use std::hint::black_box;

use crate::{barrier, c11, cond, guard, mutex, once, rwlock, semaphore, spin, thread};

/// One function of each file that stands in front of libc's. A linker takes
/// from a static library only what is asked for, and what only other libraries
/// ask for (the C++ library for threads) comes too late for that.
static STANDS: [Stand; 10] = [
    Stand(barrier::pthread_barrier_wait as *const c_void),
    Stand(c11::mtx_lock as *const c_void),
    Stand(cond::pthread_cond_wait as *const c_void),
    Stand(guard::__cxa_guard_acquire as *const c_void),
    Stand(mutex::pthread_mutex_lock as *const c_void),
    Stand(once::pthread_once as *const c_void),
    Stand(rwlock::pthread_rwlock_rdlock as *const c_void),
    Stand(semaphore::sem_wait as *const c_void),
    Stand(spin::pthread_spin_lock as *const c_void),
    Stand(thread::pthread_create as *const c_void),
];

struct Stand(#[expect(dead_code, reason = "the linker asks for it")] *const c_void);

// SAFETY: an address of code, which is not followed.
unsafe impl Sync for Stand {}

/// The first call of instrumented code, before `main`.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn __tsan_init() {
    crate::lives::instrumented();
    black_box(&STANDS);
    let _ = hbtrace_recorder::raw::recording();
}

/// A function is entered that returns to `_back`.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn __tsan_func_entry(_back: usize) {}

/// A function is left.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn __tsan_func_exit() {}
