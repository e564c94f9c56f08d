//! Threads: creation, end and join.
//!
//! A thread's end is told when its function has returned or is unwound, by
//! `pthread_exit` or because the thread is cancelled.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::sync::Arc;

use hbtrace_recorder::raw::{self, Place, Sync};
use hbtrace_traces::event::NONE;
use hbtrace_traces::kind::Kind;

use crate::call::with_caller;
use crate::real::real;
use crate::record::{self, Wait, active, telling};
use crate::stack::Stack;
use crate::threads::{self, Told};
use crate::{inside, live, mutex};

/// `extra` of a `req` that is about a thread.
const THREAD: u64 = 1;

type Start = extern "C-unwind" fn(*mut c_void) -> *mut c_void;

mod next {
    use super::{c_int, c_void, real};

    real! {
        fn pthread_create(thread: *mut libc::pthread_t, attributes: *const c_void,
            start: *const c_void, argument: *mut c_void) -> c_int;
        fn pthread_join(thread: libc::pthread_t, result: *mut *mut c_void) -> c_int;
        fn pthread_tryjoin_np(thread: libc::pthread_t, result: *mut *mut c_void) -> c_int;
        fn pthread_timedjoin_np(thread: libc::pthread_t, result: *mut *mut c_void,
            until: *const c_void) -> c_int;
        fn pthread_clockjoin_np(thread: libc::pthread_t, result: *mut *mut c_void,
            clock: c_int, until: *const c_void) -> c_int;
        fn pthread_detach(thread: libc::pthread_t) -> c_int;
        fn pthread_exit(result: *mut c_void);
        fn pthread_cancel(thread: libc::pthread_t) -> c_int;
    }
}

with_caller! {
    /// Creates a thread, as POSIX says.
    fn pthread_create(thread: *mut libc::pthread_t, attributes: *const c_void,
        start: *const c_void, argument: *mut c_void) -> c_int => create, "r8";
    /// Waits for a thread's end, as POSIX says.
    fn pthread_join(thread: libc::pthread_t, result: *mut *mut c_void) -> c_int => join, "rdx";
    /// Joins a thread if it has ended, as libc says.
    fn pthread_tryjoin_np(thread: libc::pthread_t, result: *mut *mut c_void) -> c_int
        => try_join, "rdx";
    /// Waits for a thread's end until a time, as libc says.
    fn pthread_timedjoin_np(thread: libc::pthread_t, result: *mut *mut c_void,
        until: *const c_void) -> c_int => timed_join, "rcx";
    /// Waits for a thread's end until a time of a clock, as libc says.
    fn pthread_clockjoin_np(thread: libc::pthread_t, result: *mut *mut c_void,
        clock: c_int, until: *const c_void) -> c_int => clock_join, "r8";
    /// Nobody will join the thread, as POSIX says.
    fn pthread_detach(thread: libc::pthread_t) -> c_int => detach, "rsi";
    /// Ends this thread, as POSIX says.
    fn pthread_exit(result: *mut c_void) => exit, "rsi";
    /// Asks a thread to end, as POSIX says.
    fn pthread_cancel(thread: libc::pthread_t) -> c_int => cancel, "rsi";
}

unsafe extern "C" {
    fn pthread_attr_getdetachstate(attributes: *const c_void, state: *mut c_int) -> c_int;
}

thread_local! {
    /// Whether this thread's end is told when its function is left.
    static OWN: Cell<bool> = const { Cell::new(false) };
}

/// What a new thread is to do.
pub(crate) struct Child {
    start: *const c_void,
    argument: *mut c_void,
    id: Option<u32>,
    place: Place,
    /// Its creator has told which one it is, or it has; none of them if nobody
    /// can join it.
    told: Option<Arc<Told>>,
}

/// Tells a thread's end when it is dropped.
pub(crate) struct Ending(Option<Place>);

impl Child {
    /// Tells that it is about to be created.
    pub(crate) fn fork(
        start: *const c_void,
        argument: *mut c_void,
        joinable: bool,
        back: usize,
    ) -> Child {
        crate::lives::threads();
        let place = Place::of_call(back);
        let id = raw::new_thread();
        if let Some(id) = id {
            Sync::new(Kind::Fork, id, place).timed(true).tell();
        }
        let _inside = inside::enter();
        Child {
            start,
            argument,
            id,
            place,
            told: joinable.then(|| Arc::new(Told::new())),
        }
    }

    /// It runs, on this thread.
    fn begin(&self) -> Ending {
        let _inside = inside::enter();
        live::begins();
        let Some(id) = self.id else {
            return Ending(None);
        };
        OWN.with(|own| own.set(true));
        // SAFETY: takes nothing.
        let this = unsafe { libc::pthread_self() };
        if let Some(told) = &self.told {
            threads::know(this, id, told);
        }
        raw::adopt(id);
        if let Some(name) = threads::runs(this) {
            raw::name_this_thread(&name);
        }
        Ending(Some(self.place))
    }
}

impl Ending {
    /// The thread's stack, to be dropped before.
    pub(crate) fn stack(&self) -> Option<Stack> {
        self.0.and_then(Stack::begin)
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if let Some(place) = self.0 {
            end(place);
        }
    }
}

/// Tells that this thread ends.
fn end(place: Place) {
    mutex::leave_robust(place);
    record::tell(Sync::new(Kind::ThreadEnd, NONE, place).timed(true));
}

/// Creates a thread by `create`, which is given what to pass it.
///
/// # Safety
/// `thread` is where a handle goes.
pub(crate) unsafe fn create_by(
    thread: *mut libc::pthread_t,
    child: impl FnOnce() -> Child,
    create: impl FnOnce(*mut c_void) -> c_int,
) -> c_int {
    let child = telling(child);
    let (id, told) = (child.id, child.told.clone());
    let child = telling(|| {
        let _inside = inside::enter();
        Box::into_raw(Box::new(child))
    });
    let inside = inside::enter();
    live::expect();
    let result = create(child.cast());
    telling(|| {
        if result != 0 {
            live::expect_not();
            // SAFETY: no thread has got it.
            drop(unsafe { Box::from_raw(child) });
        } else if let (Some(id), Some(told)) = (id, &told) {
            // SAFETY: stored by the call that succeeded.
            threads::know(unsafe { *thread }, id, told);
        }
        drop(told);
    });
    drop(inside);
    result
}

unsafe extern "C" fn create(
    thread: *mut libc::pthread_t,
    attributes: *const c_void,
    start: *const c_void,
    argument: *mut c_void,
    back: usize,
) -> c_int {
    if !active() {
        // SAFETY: as the caller promises.
        return unsafe { next::pthread_create(thread, attributes, start, argument) };
    }
    let mut detached = libc::PTHREAD_CREATE_JOINABLE;
    if !attributes.is_null() {
        // SAFETY: as the caller promises.
        unsafe { pthread_attr_getdetachstate(attributes, &raw mut detached) };
    }
    let joinable = detached == libc::PTHREAD_CREATE_JOINABLE;
    let child = || Child::fork(start, argument, joinable, back);
    let create = |child| {
        // SAFETY: as the caller promises; `run` takes the child.
        unsafe { next::pthread_create(thread, attributes, run as *const c_void, child) }
    };
    // SAFETY: as the caller promises.
    unsafe { create_by(thread, child, create) }
}

/// Takes over what this thread is to do: its function, the argument, and what
/// is to be dropped behind it.
pub(crate) fn take_over(child: *mut c_void) -> (*const c_void, *mut c_void, Ending) {
    let _inside = inside::enter();
    // SAFETY: `create_by` gave this thread its child.
    let child = unsafe { Box::from_raw(child.cast::<Child>()) };
    (child.start, child.argument, child.begin())
}

extern "C-unwind" fn run(child: *mut c_void) -> *mut c_void {
    let (start, argument, ending) = take_over(child);
    let _stack = ending.stack();
    // SAFETY: the caller of `create` passed a function of this type.
    let start = unsafe { std::mem::transmute::<*const c_void, Start>(start) };
    start(argument)
}

/// Joins a thread by `join`, which may wait or not.
pub(crate) fn join_by(
    thread: libc::pthread_t,
    back: usize,
    waits: bool,
    join: impl FnOnce() -> c_int,
) -> c_int {
    if !active() {
        return join();
    }
    let place = Place::of_call(back);
    let before = telling(|| threads::find(thread));
    let wait = before
        .filter(|_| waits)
        .map(|id| Wait::begin(id, THREAD, place));
    let result = join();
    if result != 0 {
        return result;
    }
    if let Some(wait) = wait {
        wait.over();
    }
    telling(|| {
        // One that was not created here is known when it has ended.
        if let Some(id) = before.or_else(|| threads::find(thread)) {
            threads::forget(thread, id);
            Sync::new(Kind::Join, id, place).timed(true).tell();
        }
    });
    result
}

unsafe extern "C-unwind" fn join(
    thread: libc::pthread_t,
    result: *mut *mut c_void,
    back: usize,
) -> c_int {
    join_by(thread, back, true, || {
        // SAFETY: as the caller promises.
        unsafe { next::pthread_join(thread, result) }
    })
}

unsafe extern "C-unwind" fn try_join(
    thread: libc::pthread_t,
    result: *mut *mut c_void,
    back: usize,
) -> c_int {
    join_by(thread, back, false, || {
        // SAFETY: as the caller promises.
        unsafe { next::pthread_tryjoin_np(thread, result) }
    })
}

unsafe extern "C-unwind" fn timed_join(
    thread: libc::pthread_t,
    result: *mut *mut c_void,
    until: *const c_void,
    back: usize,
) -> c_int {
    join_by(thread, back, true, || {
        // SAFETY: as the caller promises.
        unsafe { next::pthread_timedjoin_np(thread, result, until) }
    })
}

unsafe extern "C-unwind" fn clock_join(
    thread: libc::pthread_t,
    result: *mut *mut c_void,
    clock: c_int,
    until: *const c_void,
    back: usize,
) -> c_int {
    join_by(thread, back, true, || {
        // SAFETY: as the caller promises.
        unsafe { next::pthread_clockjoin_np(thread, result, clock, until) }
    })
}

/// Nobody will join the thread.
pub(crate) fn detached(thread: libc::pthread_t) {
    if active() {
        telling(|| threads::find(thread).map(|id| threads::forget(thread, id)));
    }
}

unsafe extern "C" fn detach(thread: libc::pthread_t, _back: usize) -> c_int {
    detached(thread);
    // SAFETY: as the caller promises.
    unsafe { next::pthread_detach(thread) }
}

/// Tells that this thread ends, if nobody else will: the first one's function
/// is libc's.
pub(crate) fn exits(back: usize) {
    if !active() || OWN.with(Cell::get) {
        return;
    }
    telling(|| {
        // SAFETY: takes nothing.
        threads::know(unsafe { libc::pthread_self() }, raw::thread(), &Told::new());
    });
    end(Place::of_call(back));
    // SAFETY: both take nothing.
    if unsafe { libc::gettid() == libc::getpid() } {
        live::begins();
    }
}

unsafe extern "C-unwind" fn exit(result: *mut c_void, back: usize) {
    exits(back);
    // SAFETY: as the caller promises.
    unsafe { next::pthread_exit(result) }
}

unsafe extern "C-unwind" fn cancel(thread: libc::pthread_t, _back: usize) -> c_int {
    record::cancels();
    // SAFETY: as the caller promises.
    unsafe { next::pthread_cancel(thread) }
}
