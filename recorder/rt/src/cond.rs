//! `pthread_cond_t`.
//!
//! A wait ends the mutex's hold (told before it is let go of) and its return
//! begins the next one. A signal orders nothing and only explains a wait.
//! A thread that is cancelled in a wait has the mutex again, too.

use std::ffi::{c_int, c_void};

use hbtrace_recorder::raw::{self, Place, Sync};
use hbtrace_traces::kind::Kind;
use hbtrace_traces::object::ObjectKind;

use crate::call::with_caller;
use crate::holds::Suspended;
use crate::mutex::MUTEXES;
use crate::objects::Objects;
use crate::real::real;
use crate::record::{active, telling};

pub(crate) mod next {
    use super::{c_int, c_void, real};

    real! {
        fn pthread_cond_init(condition: *mut c_void, attributes: *const c_void) -> c_int;
        fn pthread_cond_wait(condition: *mut c_void, mutex: *mut c_void) -> c_int;
        fn pthread_cond_timedwait(condition: *mut c_void, mutex: *mut c_void,
            until: *const c_void) -> c_int;
        fn pthread_cond_clockwait(condition: *mut c_void, mutex: *mut c_void, clock: c_int,
            until: *const c_void) -> c_int;
        fn pthread_cond_signal(condition: *mut c_void) -> c_int;
        fn pthread_cond_broadcast(condition: *mut c_void) -> c_int;
        fn pthread_cond_destroy(condition: *mut c_void) -> c_int;
    }
}

with_caller! {
    /// Begins its life, as POSIX says.
    fn pthread_cond_init(condition: *mut c_void, attributes: *const c_void) -> c_int
        => init, "rdx";
    /// Waits for it, as POSIX says.
    fn pthread_cond_wait(condition: *mut c_void, mutex: *mut c_void) -> c_int => wait, "rdx";
    /// Waits for it until a time, as POSIX says.
    fn pthread_cond_timedwait(condition: *mut c_void, mutex: *mut c_void,
        until: *const c_void) -> c_int => timed_wait, "rcx";
    /// Waits for it until a time of a clock, as POSIX says.
    fn pthread_cond_clockwait(condition: *mut c_void, mutex: *mut c_void, clock: c_int,
        until: *const c_void) -> c_int => clock_wait, "r8";
    /// Wakes one that waits, as POSIX says.
    fn pthread_cond_signal(condition: *mut c_void) -> c_int => signal, "rsi";
    /// Wakes all, as POSIX says.
    fn pthread_cond_broadcast(condition: *mut c_void) -> c_int => broadcast, "rsi";
    /// Ends its life, as POSIX says.
    fn pthread_cond_destroy(condition: *mut c_void) -> c_int => destroy, "rsi";
}

struct Condition {
    id: u32,
    /// Threads that wait. Decides only whether signals bear their times.
    waiting: u32,
}

static CONDITIONS: Objects<Condition> = Objects::new();

fn with<R>(condition: usize, place: Place, then: impl FnOnce(&mut Condition) -> R) -> R {
    let make = || Condition {
        id: raw::object(ObjectKind::Condvar, condition, 0, place),
        waiting: 0,
    };
    CONDITIONS.with(condition, make, then)
}

/// A wait that goes on until this is dropped, also because it is unwound.
struct Waits {
    condition: usize,
    id: u32,
    mutex: usize,
    lock: u32,
    place: Place,
    /// Whether the mutex can't be had any more.
    lost: bool,
}

impl Waits {
    /// The mutex is about to be let go of. `None`: its hold is not recorded.
    fn begin(condition: *mut c_void, mutex: *mut c_void, place: Place) -> Option<Waits> {
        let Suspended { lock, number } = MUTEXES.suspend(mutex.addr(), place)?;
        let id = with(condition.addr(), place, |condition| {
            condition.waiting += 1;
            condition.id
        });
        let wait = Sync::new(Kind::Wait, id, place).other(lock);
        wait.number(number).timed(true).tell();
        Some(Waits {
            condition: condition.addr(),
            id,
            mutex: mutex.addr(),
            lock,
            place,
            lost: false,
        })
    }

    fn end(&self) {
        let waited = |condition: &mut Condition| {
            condition.waiting = condition.waiting.saturating_sub(1);
        };
        with(self.condition, self.place, waited);
        let event = if self.lost {
            Sync::new(Kind::Unreq, self.id, self.place)
        } else {
            let number = MUTEXES.resume(self.mutex, self.place);
            let woken = Sync::new(Kind::Woken, self.id, self.place);
            woken.other(self.lock).number(number)
        };
        event.timed(true).tell();
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        telling(|| self.end());
    }
}

/// Waits for the condition by `block`.
#[inline]
pub(crate) fn wait_by(
    condition: *mut c_void,
    mutex: *mut c_void,
    back: usize,
    block: impl FnOnce() -> c_int,
) -> c_int {
    if !active() {
        return block();
    }
    let mut waits = telling(|| Waits::begin(condition, mutex, Place::of_call(back)));
    let result = block();
    if let Some(waits) = &mut waits {
        waits.lost = result == libc::ENOTRECOVERABLE;
    }
    result
}

/// Tells that one that waits, or all, are about to be woken.
#[inline]
pub(crate) fn wake(condition: *mut c_void, back: usize, kind: Kind) {
    if active() {
        telling(|| {
            let place = Place::of_call(back);
            let known = |condition: &mut Condition| (condition.id, condition.waiting > 0);
            let (id, timed) = with(condition.addr(), place, known);
            Sync::new(kind, id, place).timed(timed).tell();
        });
    }
}

/// A condition's life begins or ends.
pub(crate) fn forget(condition: *mut c_void) {
    if active() {
        telling(|| CONDITIONS.remove(condition.addr()));
    }
}

unsafe extern "C" fn init(
    condition: *mut c_void,
    attributes: *const c_void,
    _back: usize,
) -> c_int {
    forget(condition);
    // SAFETY: as the caller promises.
    unsafe { next::pthread_cond_init(condition, attributes) }
}

unsafe extern "C-unwind" fn wait(condition: *mut c_void, mutex: *mut c_void, back: usize) -> c_int {
    wait_by(condition, mutex, back, || {
        // SAFETY: as the caller promises.
        unsafe { next::pthread_cond_wait(condition, mutex) }
    })
}

unsafe extern "C-unwind" fn timed_wait(
    condition: *mut c_void,
    mutex: *mut c_void,
    until: *const c_void,
    back: usize,
) -> c_int {
    wait_by(condition, mutex, back, || {
        // SAFETY: as the caller promises.
        unsafe { next::pthread_cond_timedwait(condition, mutex, until) }
    })
}

unsafe extern "C-unwind" fn clock_wait(
    condition: *mut c_void,
    mutex: *mut c_void,
    clock: c_int,
    until: *const c_void,
    back: usize,
) -> c_int {
    wait_by(condition, mutex, back, || {
        // SAFETY: as the caller promises.
        unsafe { next::pthread_cond_clockwait(condition, mutex, clock, until) }
    })
}

unsafe extern "C" fn signal(condition: *mut c_void, back: usize) -> c_int {
    wake(condition, back, Kind::Notify);
    // SAFETY: as the caller promises.
    unsafe { next::pthread_cond_signal(condition) }
}

unsafe extern "C" fn broadcast(condition: *mut c_void, back: usize) -> c_int {
    wake(condition, back, Kind::NotifyAll);
    // SAFETY: as the caller promises.
    unsafe { next::pthread_cond_broadcast(condition) }
}

unsafe extern "C-unwind" fn destroy(condition: *mut c_void, _back: usize) -> c_int {
    forget(condition);
    // SAFETY: as the caller promises.
    unsafe { next::pthread_cond_destroy(condition) }
}
