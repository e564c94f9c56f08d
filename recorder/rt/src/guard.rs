//! Guards of C++'s static locals.
//!
//! Compilers look at a guard's first byte themselves, by an atomic load that
//! acquires, and call these only if it is zero. So it is that very atomic that
//! the end of the initialiser is published to. The rest of the guard is ours:
//! all functions that look at it are here.

use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicU32, Ordering};

use hbtrace_traces::kind::Kind;

use crate::atomic;
use crate::call::with_caller;

with_caller! {
    /// Whether the caller is to initialise, as C++'s ABI says.
    fn __cxa_guard_acquire(guard: *mut c_void) -> c_int => acquire, "rsi";
    /// It has, as C++'s ABI says.
    fn __cxa_guard_release(guard: *mut c_void) => release, "rsi";
    /// It has failed, as C++'s ABI says.
    fn __cxa_guard_abort(guard: *mut c_void) => abort, "rsi";
}

/// The first byte, in the order of bytes that all our systems have.
const DONE: u32 = 1;
/// One initialises.
const RUNS: u32 = 1 << 8;
/// Others wait for it.
const WAITED_FOR: u32 = 1 << 16;

/// C's numbers of memory orders.
const ACQUIRE: c_int = 2;
const RELEASE: c_int = 3;

/// # Safety
/// It is a guard, as long as the reference is used.
unsafe fn state<'a>(guard: *mut c_void) -> &'a AtomicU32 {
    // SAFETY: as the caller promises: eight bytes that are aligned to eight.
    unsafe { AtomicU32::from_ptr(guard.cast()) }
}

fn futex(state: &AtomicU32, operation: c_int, value: u32) {
    let none = std::ptr::null::<libc::timespec>();
    // SAFETY: a word that is there.
    unsafe { libc::syscall(libc::SYS_futex, state.as_ptr(), operation, value, none) };
}

unsafe extern "C-unwind" fn acquire(guard: *mut c_void, back: usize) -> c_int {
    // SAFETY: as the caller promises.
    let state = unsafe { state(guard) };
    loop {
        // SAFETY: as the caller promises. What it sees is told.
        if unsafe { atomic::load::<u8>(guard.cast(), ACQUIRE, back) } != 0 {
            return 0;
        }
        // Acquire: pairs with the initialiser that has failed before.
        match state.compare_exchange(0, RUNS, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => return 1,
            Err(seen) if seen & DONE == 0 => wait(state, seen),
            Err(_) => {}
        }
    }
}

/// Waits while an initialiser runs.
#[cold]
fn wait(state: &AtomicU32, seen: u32) {
    let waited_for = seen | WAITED_FOR;
    // Relaxed: what the initialiser did is acquired by who sees its end.
    let order = Ordering::Relaxed;
    if seen & RUNS != 0
        && state
            .compare_exchange(seen, waited_for, order, order)
            .is_ok()
    {
        futex(state, libc::FUTEX_WAIT, waited_for);
    }
}

/// The initialiser has ended.
///
/// # Safety
/// It is a guard, and the caller initialised.
unsafe fn end(guard: *mut c_void, now: u32, back: usize) {
    // SAFETY: as the caller promises.
    let state = unsafe { state(guard) };
    let first = guard.cast::<u8>().cast_const();
    let before = atomic::write(Kind::Store, first, RELEASE, back, || {
        // Release: publishes what the initialiser did, to whoever sees it.
        state.swap(now, Ordering::Release)
    });
    if before & WAITED_FOR != 0 {
        futex(state, libc::FUTEX_WAKE, i32::MAX.unsigned_abs());
    }
}

unsafe extern "C" fn release(guard: *mut c_void, back: usize) {
    // SAFETY: as the caller promises.
    unsafe { end(guard, DONE, back) };
}

unsafe extern "C" fn abort(guard: *mut c_void, back: usize) {
    // SAFETY: as the caller promises.
    unsafe { end(guard, 0, back) };
}
