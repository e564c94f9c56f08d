//! `pthread_once` and `call_once`.
//!
//! The end of an initialiser is told before libc lets others see it. A thread's
//! later calls of one that it has seen the end of are left out.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

use hbtrace_recorder::raw::{self, Place, Sync};
use hbtrace_traces::kind::Kind;
use hbtrace_traces::object::ObjectKind;

use crate::call::with_caller;
use crate::objects::Objects;
use crate::real::real;
use crate::record::{Wait, active, telling};

mod next {
    use super::{c_int, c_void, real};

    real! {
        fn pthread_once(control: *mut c_void, initialiser: *const c_void) -> c_int;
    }
}

with_caller! {
    /// Runs an initialiser once, as POSIX says.
    fn pthread_once(control: *mut c_void, initialiser: *const c_void) -> c_int => once, "rdx";
    /// Runs an initialiser once, as C11 says.
    fn call_once(flag: *mut c_void, initialiser: *const c_void) => call, "rdx";
}

struct Once {
    id: u32,
    /// Initialisers that have ended: more than one if the memory is used again.
    ended: u64,
    /// One runs.
    running: bool,
    /// Somebody waits for it.
    waiting: bool,
}

static ONCES: Objects<Once> = Objects::new();

/// Initialisers that have ended, of all: as long as there are no more, what a
/// thread has seen is what it has seen.
static ENDED: AtomicU64 = AtomicU64::new(0);

/// Addresses that lie so far apart share a slot.
const SLOTS: usize = 64;

thread_local! {
    /// Address of what has been seen, and [`ENDED`] at that time.
    static SEEN: [Cell<(usize, u64)>; SLOTS] = const { [const { Cell::new((0, 0)) }; SLOTS] };
    /// The call that this thread makes.
    static CALL: Cell<*const Call> = const { Cell::new(std::ptr::null()) };
}

/// A call of `pthread_once`, on its thread's stack.
struct Call {
    control: usize,
    initialiser: extern "C-unwind" fn(),
    place: Place,
    ran: Cell<bool>,
    /// What it waits for, if it does.
    wait: Cell<Option<Wait>>,
    before: *const Call,
}

/// While an initialiser runs; dropped before its end it was unwound.
struct Run<'a>(&'a Call, bool);

impl Drop for Call {
    fn drop(&mut self) {
        CALL.with(|call| call.set(self.before));
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        let Run(call, done) = *self;
        telling(|| {
            with(call.control, call.place, |once| {
                once.running = false;
                if !done {
                    return;
                }
                let event = Sync::new(Kind::OnceDone, once.id, call.place);
                event.number(once.ended).timed(once.waiting).tell();
                once.waiting = false;
                once.ended += 1;
                // Relaxed: whoever sees the end through libc sees this, too.
                ENDED.fetch_add(1, Ordering::Relaxed);
            });
        });
    }
}

fn with<R>(control: usize, place: Place, then: impl FnOnce(&mut Once) -> R) -> R {
    let make = || Once {
        id: raw::object(ObjectKind::Once, control, 0, place),
        ended: 0,
        running: false,
        waiting: false,
    };
    ONCES.with(control, make, then)
}

/// What libc calls as the initialiser.
extern "C-unwind" fn run() {
    // SAFETY: set by `once`, which waits for this call.
    let call = unsafe { &*CALL.with(Cell::get) };
    drop(call.wait.take());
    call.ran.set(true);
    let mut run = Run(call, false);
    telling(|| with(call.control, call.place, |once| once.running = true));
    (call.initialiser)();
    run.1 = true;
}

/// Whether libc says that it is done, before a call that will see that, too.
///
/// # Safety
/// `control` is one.
unsafe fn is_done(control: *mut c_void) -> bool {
    // SAFETY: as the caller promises; libc changes it by atomics, too.
    let state = unsafe { AtomicI32::from_ptr(control.cast()) };
    // Relaxed: a hint; libc's own call is what acquires.
    state.load(Ordering::Relaxed) == 2
}

/// Whether this thread has seen its end.
fn has_seen(control: usize) -> bool {
    // Relaxed: as where it is counted.
    let ended = ENDED.load(Ordering::Relaxed);
    SEEN.with(|seen| seen[control / 4 % SLOTS].get() == (control, ended))
}

/// Tells that this thread has seen its end.
fn see(control: usize, place: Place, waited: bool) {
    // Relaxed: as where it is counted; before the look at the object.
    let ended = ENDED.load(Ordering::Relaxed);
    with(control, place, |once| {
        if let Some(number) = once.ended.checked_sub(1) {
            let event = Sync::new(Kind::OnceGet, once.id, place);
            event.number(number).timed(waited).tell();
        }
    });
    SEEN.with(|seen| seen[control / 4 % SLOTS].set((control, ended)));
}

unsafe extern "C-unwind" fn once(
    control: *mut c_void,
    initialiser: *const c_void,
    back: usize,
) -> c_int {
    if !active() {
        // SAFETY: as the caller promises.
        return unsafe { next::pthread_once(control, initialiser) };
    }
    let place = Place::of_call(back);
    // SAFETY: the caller passes a function of this type.
    let initialiser =
        unsafe { std::mem::transmute::<*const c_void, extern "C-unwind" fn()>(initialiser) };
    let call = Call {
        control: control.addr(),
        initialiser,
        place,
        ran: Cell::new(false),
        // SAFETY: as the caller promises.
        wait: Cell::new(if unsafe { is_done(control) } {
            None
        } else {
            telling(|| waits(control.addr(), place))
        }),
        before: CALL.with(Cell::get),
    };
    CALL.with(|current| current.set(&raw const call));
    // SAFETY: as the caller promises; `run` has its call.
    let result = unsafe { next::pthread_once(control, run as *const c_void) };
    let waited = call.wait.take().map(Wait::over).is_some();
    if !call.ran.get() && !has_seen(control.addr()) {
        telling(|| see(control.addr(), place, waited));
    }
    result
}

/// The wait for a running initialiser, if one runs.
fn waits(control: usize, place: Place) -> Option<Wait> {
    let running = |once: &mut Once| {
        once.waiting |= once.running;
        once.running.then_some(once.id)
    };
    let id = with(control, place, running)?;
    Some(Wait::begin(id, 0, place))
}

unsafe extern "C-unwind" fn call(flag: *mut c_void, initialiser: *const c_void, back: usize) {
    // SAFETY: as the caller promises; libc's flag is what POSIX's control is.
    unsafe { once(flag, initialiser, back) };
}
