//! `pthread_mutex_t`, of all types.
//!
//! Of a recursive one the outermost pair counts. Of a robust one whose owner
//! died, what that thread did happens before what the next owner does.

use std::cell::RefCell;
use std::ffi::{c_int, c_void};

use hbtrace_recorder::raw::Place;
use hbtrace_traces::object::ObjectKind;

use crate::call::with_caller;
use crate::holds::{Family, Mode, Request, is_taken};
use crate::inside;
use crate::real::real;
use crate::times::is_clock;

pub(crate) mod next {
    use super::{c_int, c_void, real};

    real! {
        fn pthread_mutex_init(mutex: *mut c_void, attributes: *const c_void) -> c_int;
        fn pthread_mutex_lock(mutex: *mut c_void) -> c_int;
        fn pthread_mutex_trylock(mutex: *mut c_void) -> c_int;
        fn pthread_mutex_timedlock(mutex: *mut c_void, until: *const c_void) -> c_int;
        fn pthread_mutex_clocklock(mutex: *mut c_void, clock: c_int, until: *const c_void) -> c_int;
        fn pthread_mutex_unlock(mutex: *mut c_void) -> c_int;
        fn pthread_mutex_destroy(mutex: *mut c_void) -> c_int;
    }
}

with_caller! {
    /// Begins its life, as POSIX says.
    fn pthread_mutex_init(mutex: *mut c_void, attributes: *const c_void) -> c_int => init, "rdx";
    /// Takes the mutex, as POSIX says.
    fn pthread_mutex_lock(mutex: *mut c_void) -> c_int => lock, "rsi";
    /// Takes it if nobody has it, as POSIX says.
    fn pthread_mutex_trylock(mutex: *mut c_void) -> c_int => try_lock, "rsi";
    /// Takes it until a time, as POSIX says.
    fn pthread_mutex_timedlock(mutex: *mut c_void, until: *const c_void) -> c_int
        => timed_lock, "rdx";
    /// Takes it until a time of a clock, as POSIX says.
    fn pthread_mutex_clocklock(mutex: *mut c_void, clock: c_int, until: *const c_void) -> c_int
        => clock_lock, "rcx";
    /// Lets go of it, as POSIX says.
    fn pthread_mutex_unlock(mutex: *mut c_void) -> c_int => unlock, "rsi";
    /// Ends its life, as POSIX says.
    fn pthread_mutex_destroy(mutex: *mut c_void) -> c_int => destroy, "rsi";
}

/// All mutexes, those of C11 too.
pub(crate) static MUTEXES: Family = Family::new(ObjectKind::Mutex);

/// Where libc keeps how often a mutex has been taken by its owner, and its type.
const COUNT: usize = 4;
const KIND: usize = 16;
/// Bits of it: the type proper, of which 0 (normal) and 3 (adaptive) have no
/// owner; that it outlives its owner; that its owner inherits priority.
const TYPE: c_int = 3;
const RECURSIVE: c_int = 1;
const ERROR_CHECKING: c_int = 2;
const ROBUST: c_int = 16;
const INHERITING: c_int = 32;

fn kind(mutex: *mut c_void) -> c_int {
    // SAFETY: a mutex that the program passes to libc has been initialised, and
    // its type doesn't change.
    unsafe { mutex.byte_add(KIND).cast::<c_int>().read_volatile() }
}

thread_local! {
    /// Robust mutexes that this thread has taken.
    static ROBUSTS: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// Remembers or forgets that this thread has a mutex, if that is a robust one.
#[inline]
fn note_robust(mutex: *mut c_void, taken: bool) {
    if kind(mutex) & ROBUST != 0 {
        remember(mutex, taken);
    }
}

#[cold]
fn remember(mutex: *mut c_void, taken: bool) {
    let _inside = inside::enter();
    let _ = ROBUSTS.try_with(|robusts| {
        let mut robusts = robusts.borrow_mut();
        robusts.retain(|known| *known != mutex.addr());
        if taken {
            robusts.push(mutex.addr());
        }
    });
}

/// This thread ends: what robust mutexes it has go to others.
pub(crate) fn leave_robust(place: Place) {
    let left = ROBUSTS.try_with(|robusts| std::mem::take(&mut *robusts.borrow_mut()));
    for address in left.unwrap_or_default() {
        MUTEXES.leave(address, place);
    }
}

fn request(mutex: *mut c_void, back: usize, busy: c_int) -> Request {
    let again = kind(mutex) & TYPE == RECURSIVE;
    Request {
        address: mutex.addr(),
        back,
        mode: if again { Mode::Again } else { Mode::Exclusive },
        busy,
    }
}

/// Takes a mutex by `attempt`, or by `block` if another has it.
#[inline]
pub(crate) fn take(
    mutex: *mut c_void,
    back: usize,
    busy: c_int,
    attempt: impl FnOnce() -> c_int,
    block: impl FnOnce() -> c_int,
) -> c_int {
    let result = MUTEXES.take(request(mutex, back, busy), attempt, block);
    if is_taken(result) {
        note_robust(mutex, true);
    }
    result
}

/// Takes a mutex by `attempt`, or not.
#[inline]
pub(crate) fn attempt(
    mutex: *mut c_void,
    back: usize,
    busy: c_int,
    attempt: impl FnOnce() -> c_int,
) -> c_int {
    let result = MUTEXES.attempt(request(mutex, back, busy), attempt);
    if is_taken(result) {
        note_robust(mutex, true);
    }
    result
}

/// Tells that a mutex is about to be let go of.
#[inline]
pub(crate) fn release(mutex: *mut c_void, back: usize) {
    let kind = kind(mutex);
    let owned =
        matches!(kind & TYPE, RECURSIVE | ERROR_CHECKING) || kind & (ROBUST | INHERITING) != 0;
    MUTEXES.release(mutex.addr(), back, owned);
    // SAFETY: as in `kind`; this thread has it.
    let count = unsafe { mutex.byte_add(COUNT).cast::<u32>().read_volatile() };
    if count <= 1 {
        note_robust(mutex, false);
    }
}

unsafe extern "C" fn init(mutex: *mut c_void, attributes: *const c_void, _back: usize) -> c_int {
    MUTEXES.forget(mutex.addr());
    // SAFETY: as the caller promises.
    unsafe { next::pthread_mutex_init(mutex, attributes) }
}

unsafe extern "C" fn lock(mutex: *mut c_void, back: usize) -> c_int {
    // SAFETY: as the caller promises.
    let attempt = || unsafe { next::pthread_mutex_trylock(mutex) };
    // SAFETY: as the caller promises.
    let block = || unsafe { next::pthread_mutex_lock(mutex) };
    take(mutex, back, libc::EBUSY, attempt, block)
}

unsafe extern "C" fn try_lock(mutex: *mut c_void, back: usize) -> c_int {
    attempt(mutex, back, libc::EBUSY, || {
        // SAFETY: as the caller promises.
        unsafe { next::pthread_mutex_trylock(mutex) }
    })
}

unsafe extern "C" fn timed_lock(mutex: *mut c_void, until: *const c_void, back: usize) -> c_int {
    // SAFETY: as the caller promises.
    let attempt = || unsafe { next::pthread_mutex_trylock(mutex) };
    // SAFETY: as the caller promises.
    let block = || unsafe { next::pthread_mutex_timedlock(mutex, until) };
    take(mutex, back, libc::EBUSY, attempt, block)
}

unsafe extern "C" fn clock_lock(
    mutex: *mut c_void,
    clock: c_int,
    until: *const c_void,
    back: usize,
) -> c_int {
    if !is_clock(clock) {
        // Which is wrong even if nobody has it.
        // SAFETY: as the caller promises.
        return unsafe { next::pthread_mutex_clocklock(mutex, clock, until) };
    }
    // SAFETY: as the caller promises.
    let attempt = || unsafe { next::pthread_mutex_trylock(mutex) };
    // SAFETY: as the caller promises.
    let block = || unsafe { next::pthread_mutex_clocklock(mutex, clock, until) };
    take(mutex, back, libc::EBUSY, attempt, block)
}

unsafe extern "C" fn unlock(mutex: *mut c_void, back: usize) -> c_int {
    release(mutex, back);
    // SAFETY: as the caller promises.
    unsafe { next::pthread_mutex_unlock(mutex) }
}

unsafe extern "C" fn destroy(mutex: *mut c_void, _back: usize) -> c_int {
    MUTEXES.forget(mutex.addr());
    // SAFETY: as the caller promises.
    unsafe { next::pthread_mutex_destroy(mutex) }
}
