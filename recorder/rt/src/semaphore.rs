//! `sem_t`, unnamed and named.
//!
//! Posts and waits are counted and told in one step with the count, so that
//! no wait has seen a post that is not in the trace.

use std::ffi::{c_char, c_int, c_uint, c_void};

use hbtrace_recorder::raw::{self, Place, Sync};
use hbtrace_traces::kind::Kind;
use hbtrace_traces::object::ObjectKind;

use crate::call::with_caller;
use crate::objects::Objects;
use crate::real::real;
use crate::record::{Wait, active, cancellation_point, telling};
use crate::times::{is_clock, is_time};

mod next {
    use super::{c_char, c_int, c_uint, c_void, real};

    real! {
        fn sem_init(semaphore: *mut c_void, shared: c_int, value: c_uint) -> c_int;
        fn sem_open(name: *const c_char, flags: c_int, mode: libc::mode_t, value: c_uint)
            -> *mut c_void;
        fn sem_post(semaphore: *mut c_void) -> c_int;
        fn sem_wait(semaphore: *mut c_void) -> c_int;
        fn sem_trywait(semaphore: *mut c_void) -> c_int;
        fn sem_timedwait(semaphore: *mut c_void, until: *const c_void) -> c_int;
        fn sem_clockwait(semaphore: *mut c_void, clock: c_int, until: *const c_void) -> c_int;
        fn sem_close(semaphore: *mut c_void) -> c_int;
        fn sem_destroy(semaphore: *mut c_void) -> c_int;
    }
}

with_caller! {
    /// Begins its life, as POSIX says.
    fn sem_init(semaphore: *mut c_void, shared: c_int, value: c_uint) -> c_int => init, "rcx";
    /// Opens a named one, as POSIX says: the last two are there if the flags
    /// say so.
    fn sem_open(name: *const c_char, flags: c_int, mode: libc::mode_t, value: c_uint)
        -> *mut c_void => open, "r8";
    /// Adds one to it, as POSIX says.
    fn sem_post(semaphore: *mut c_void) -> c_int => post, "rsi";
    /// Takes one from it, as POSIX says.
    fn sem_wait(semaphore: *mut c_void) -> c_int => wait, "rsi";
    /// Takes one from it if there is one, as POSIX says.
    fn sem_trywait(semaphore: *mut c_void) -> c_int => try_wait, "rsi";
    /// Takes one from it until a time, as POSIX says.
    fn sem_timedwait(semaphore: *mut c_void, until: *const c_void) -> c_int => timed_wait, "rdx";
    /// Takes one from it until a time of a clock, as POSIX says.
    fn sem_clockwait(semaphore: *mut c_void, clock: c_int, until: *const c_void) -> c_int
        => clock_wait, "rcx";
    /// Closes a named one, as POSIX says.
    fn sem_close(semaphore: *mut c_void) -> c_int => close, "rsi";
    /// Ends its life, as POSIX says.
    fn sem_destroy(semaphore: *mut c_void) -> c_int => destroy, "rsi";
}

struct Semaphore {
    id: u32,
    posts: u64,
    /// How often a named one is open.
    open: u32,
}

static SEMAPHORES: Objects<Semaphore> = Objects::new();

fn with<R>(semaphore: *mut c_void, place: Place, then: impl FnOnce(&mut Semaphore) -> R) -> R {
    let address = semaphore.addr();
    let make = || Semaphore {
        id: raw::object(ObjectKind::Semaphore, address, 0, place),
        posts: 0,
        open: 0,
    };
    SEMAPHORES.with(address, make, then)
}

/// Tells that one was taken.
fn taken(semaphore: *mut c_void, back: usize, waited: bool) {
    telling(|| {
        let place = Place::of_call(back);
        with(semaphore, place, |known| {
            let event = Sync::new(Kind::SemWait, known.id, place);
            event.number(known.posts).timed(waited).tell();
        });
    });
}

/// Takes one by `block`, if that needs a wait.
fn take(semaphore: *mut c_void, back: usize, block: impl FnOnce() -> c_int) -> c_int {
    if !active() {
        return block();
    }
    cancellation_point();
    // SAFETY: as the caller of libc's function promises.
    let tried = telling(|| unsafe { next::sem_trywait(semaphore) });
    if tried == 0 {
        taken(semaphore, back, false);
        return 0;
    }
    let place = Place::of_call(back);
    let id = telling(|| with(semaphore, place, |known| known.id));
    let wait = Wait::begin(id, 0, place);
    let result = block();
    if result == 0 {
        wait.over();
        taken(semaphore, back, true);
    }
    result
}

unsafe extern "C" fn init(
    semaphore: *mut c_void,
    shared: c_int,
    value: c_uint,
    back: usize,
) -> c_int {
    // SAFETY: as the caller promises.
    let result = unsafe { next::sem_init(semaphore, shared, value) };
    if result == 0 && active() {
        telling(|| {
            let place = Place::of_call(back);
            SEMAPHORES.remove(semaphore.addr());
            with(semaphore, place, |known| {
                let event = Sync::new(Kind::Sem, known.id, place);
                event.number(u64::from(value)).tell();
            });
        });
    }
    result
}

unsafe extern "C-unwind" fn open(
    name: *const c_char,
    flags: c_int,
    mode: libc::mode_t,
    value: c_uint,
    back: usize,
) -> *mut c_void {
    // SAFETY: as the caller promises; what it did not pass is not looked at.
    let semaphore = unsafe { next::sem_open(name, flags, mode, value) };
    if !semaphore.is_null() && active() {
        let place = Place::of_call(back);
        telling(|| with(semaphore, place, |known| known.open += 1));
    }
    semaphore
}

unsafe extern "C" fn post(semaphore: *mut c_void, back: usize) -> c_int {
    if active() {
        telling(|| {
            let place = Place::of_call(back);
            with(semaphore, place, |known| {
                known.posts += 1;
                let event = Sync::new(Kind::SemPost, known.id, place);
                event.number(known.posts).timed(true).tell();
            });
        });
    }
    // SAFETY: as the caller promises.
    unsafe { next::sem_post(semaphore) }
}

unsafe extern "C-unwind" fn wait(semaphore: *mut c_void, back: usize) -> c_int {
    // SAFETY: as the caller promises.
    take(semaphore, back, || unsafe { next::sem_wait(semaphore) })
}

unsafe extern "C" fn try_wait(semaphore: *mut c_void, back: usize) -> c_int {
    // SAFETY: as the caller promises.
    let result = unsafe { next::sem_trywait(semaphore) };
    if result == 0 && active() {
        taken(semaphore, back, false);
    }
    result
}

unsafe extern "C-unwind" fn timed_wait(
    semaphore: *mut c_void,
    until: *const c_void,
    back: usize,
) -> c_int {
    // SAFETY: as the caller promises.
    let block = || unsafe { next::sem_timedwait(semaphore, until) };
    // SAFETY: as the caller promises.
    if !unsafe { is_time(until) } {
        return block();
    }
    take(semaphore, back, block)
}

unsafe extern "C-unwind" fn clock_wait(
    semaphore: *mut c_void,
    clock: c_int,
    until: *const c_void,
    back: usize,
) -> c_int {
    // SAFETY: as the caller promises.
    let block = || unsafe { next::sem_clockwait(semaphore, clock, until) };
    // SAFETY: as the caller promises.
    if !is_clock(clock) || !unsafe { is_time(until) } {
        return block();
    }
    take(semaphore, back, block)
}

unsafe extern "C" fn close(semaphore: *mut c_void, back: usize) -> c_int {
    if active() {
        telling(|| {
            let left = with(semaphore, Place::of_call(back), |known| {
                known.open = known.open.saturating_sub(1);
                known.open
            });
            if left == 0 {
                SEMAPHORES.remove(semaphore.addr());
            }
        });
    }
    // SAFETY: as the caller promises.
    unsafe { next::sem_close(semaphore) }
}

unsafe extern "C" fn destroy(semaphore: *mut c_void, _back: usize) -> c_int {
    if active() {
        telling(|| SEMAPHORES.remove(semaphore.addr()));
    }
    // SAFETY: as the caller promises.
    unsafe { next::sem_destroy(semaphore) }
}
