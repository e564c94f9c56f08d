//! Threads: `pthread_create` and `pthread_join`.

use std::collections::HashMap;
use std::ffi::{c_int, c_void};
use std::sync::{Mutex, PoisonError};

use hbtrace_recorder::raw::{self, Place, Sync};
use hbtrace_traces::event::NONE;
use hbtrace_traces::kind::Kind;

use crate::call::with_caller;
use crate::inside;
use crate::real::real;
use crate::stack::Stack;

/// `extra` of a `req` that is about a thread.
const THREAD: u64 = 1;

type Start = extern "C-unwind" fn(*mut c_void) -> *mut c_void;

mod next {
    use super::{c_int, c_void, real};

    real! {
        fn pthread_create(thread: *mut libc::pthread_t, attributes: *const c_void,
            start: *const c_void, argument: *mut c_void) -> c_int;
        fn pthread_join(thread: libc::pthread_t, result: *mut *mut c_void) -> c_int;
    }
}

/// Ids of threads that can be joined.
static KNOWN: Mutex<Option<HashMap<libc::pthread_t, u32>>> = Mutex::new(None);

/// What a new thread is to do.
struct Child {
    start: Start,
    argument: *mut c_void,
    id: Option<u32>,
    place: Place,
}

with_caller! {
    /// Creates a thread, as POSIX says.
    fn pthread_create(thread: *mut libc::pthread_t, attributes: *const c_void,
        start: *const c_void, argument: *mut c_void) -> c_int => create, "r8";
    /// Waits for a thread's end, as POSIX says.
    fn pthread_join(thread: libc::pthread_t, result: *mut *mut c_void) -> c_int => join, "rdx";
}

unsafe extern "C" fn create(
    thread: *mut libc::pthread_t,
    attributes: *const c_void,
    start: *const c_void,
    argument: *mut c_void,
    back: usize,
) -> c_int {
    if inside::is_inside() || !raw::recording() {
        // SAFETY: as the caller promises.
        return unsafe { next::pthread_create(thread, attributes, start, argument) };
    }
    crate::lives::threads();
    let place = Place::of_call(back);
    let id = raw::new_thread();
    if let Some(id) = id {
        Sync::new(Kind::Fork, id, place).timed(true).tell();
    }
    let inside = inside::enter();
    // SAFETY: the caller passes a function of this type.
    let start = unsafe { std::mem::transmute::<*const c_void, Start>(start) };
    let child = Box::into_raw(Box::new(Child {
        start,
        argument,
        id,
        place,
    }));
    // SAFETY: as the caller promises; `run` takes the child.
    let result =
        unsafe { next::pthread_create(thread, attributes, run as *const c_void, child.cast()) };
    if result != 0 {
        // SAFETY: no thread has got it.
        drop(unsafe { Box::from_raw(child) });
    } else if let Some(id) = id {
        // SAFETY: stored by the call that succeeded.
        know(unsafe { *thread }, id);
    }
    drop(inside);
    result
}

extern "C-unwind" fn run(child: *mut c_void) -> *mut c_void {
    let child = {
        let _inside = inside::enter();
        // SAFETY: `create` gave this thread its child.
        *unsafe { Box::from_raw(child.cast::<Child>()) }
    };
    if let Some(id) = child.id {
        // Before anybody can know of this thread.
        // SAFETY: takes nothing.
        know(unsafe { libc::pthread_self() }, id);
        raw::adopt(id);
    }
    let stack = Stack::begin(child.place);
    let result = (child.start)(child.argument);
    drop(stack);
    Sync::new(Kind::ThreadEnd, NONE, child.place)
        .timed(true)
        .tell();
    result
}

/// This is the thread's id until it is joined.
fn know(thread: libc::pthread_t, id: u32) {
    let _inside = inside::enter();
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.get_or_insert_default().insert(thread, id);
}

unsafe extern "C" fn join(thread: libc::pthread_t, result: *mut *mut c_void, back: usize) -> c_int {
    let id = (!inside::is_inside() && raw::recording()).then(|| {
        let _inside = inside::enter();
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_mut()?.remove(&thread)
    });
    let Some(id) = id.flatten() else {
        // SAFETY: as the caller promises.
        return unsafe { next::pthread_join(thread, result) };
    };
    let place = Place::of_call(back);
    Sync::new(Kind::Req, id, place)
        .extra(THREAD)
        .timed(true)
        .tell();
    // SAFETY: as the caller promises.
    let joined = unsafe { next::pthread_join(thread, result) };
    if joined == 0 {
        Sync::new(Kind::Join, id, place).timed(true).tell();
    } else {
        Sync::new(Kind::Unreq, id, place)
            .extra(THREAD)
            .timed(true)
            .tell();
        know(thread, id);
    }
    joined
}
