//! What threads are in the trace, by what libc knows them as; and their names.

use std::collections::HashMap;
use std::ffi::{CStr, c_char, c_int};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use hbtrace_recorder::raw;

use crate::call::with_caller;
use crate::inside;
use crate::real::real;
use crate::record::{active, telling};

mod next {
    use super::{c_char, c_int, real};

    real! {
        fn pthread_setname_np(thread: libc::pthread_t, name: *const c_char) -> c_int;
    }
}

with_caller! {
    /// Names a thread, as libc says.
    fn pthread_setname_np(thread: libc::pthread_t, name: *const c_char) -> c_int => set_name, "rdx";
}

/// A thread that can be joined.
struct Thread {
    id: u32,
    /// The kernel's id, once it runs.
    os_id: Option<u32>,
    /// A name that it got before it ran.
    name: Option<String>,
}

static KNOWN: Mutex<Option<HashMap<libc::pthread_t, Thread>>> = Mutex::new(None);

/// Whether it is told which thread one is: by its creator or by itself,
/// whoever is first, since afterwards it may be gone and its handle another's.
pub(crate) struct Told(AtomicBool);

impl Told {
    pub(crate) const fn new() -> Told {
        Told(AtomicBool::new(false))
    }
}

fn with<R>(then: impl FnOnce(&mut HashMap<libc::pthread_t, Thread>) -> R) -> R {
    let _inside = inside::enter();
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    then(known.get_or_insert_default())
}

/// This is the thread's id until it is joined.
pub(crate) fn know(thread: libc::pthread_t, id: u32, told: &Told) {
    with(|known| {
        // Relaxed: under the lock.
        if !told.0.swap(true, Ordering::Relaxed) {
            let thread_of = Thread {
                id,
                os_id: None,
                name: None,
            };
            known.insert(thread, thread_of);
        }
    });
}

/// The thread, which is the caller, runs; and has got a name maybe.
pub(crate) fn runs(thread: libc::pthread_t) -> Option<String> {
    with(|known| {
        let thread = known.get_mut(&thread)?;
        // SAFETY: takes nothing.
        thread.os_id = u32::try_from(unsafe { libc::gettid() }).ok();
        thread.name.take()
    })
}

/// The id of a thread.
pub(crate) fn find(thread: libc::pthread_t) -> Option<u32> {
    with(|known| known.get(&thread).map(|thread| thread.id))
}

/// It is joined, or can't be.
pub(crate) fn forget(thread: libc::pthread_t, id: u32) {
    with(|known| {
        // The handle may be another thread's already.
        if known.get(&thread).is_some_and(|known| known.id == id) {
            known.remove(&thread);
        }
    });
}

/// Another thread gets a name.
fn name(thread: libc::pthread_t, name: &str) {
    with(|known| {
        let Some(thread) = known.get_mut(&thread) else {
            return;
        };
        match thread.os_id {
            Some(os_id) => raw::name_thread(thread.id, os_id, name),
            None => thread.name = Some(name.to_owned()),
        }
    });
}

unsafe extern "C" fn set_name(
    thread: libc::pthread_t,
    name_of: *const c_char,
    _back: usize,
) -> c_int {
    // SAFETY: as the caller promises.
    let result = unsafe { next::pthread_setname_np(thread, name_of) };
    if result == 0 && active() {
        telling(|| {
            // SAFETY: as the caller promises.
            let told = unsafe { CStr::from_ptr(name_of) };
            let inside = inside::enter();
            let told = told.to_string_lossy();
            // SAFETY: takes nothing.
            if thread == unsafe { libc::pthread_self() } {
                raw::name_this_thread(&told);
            } else {
                name(thread, &told);
            }
            drop(told);
            drop(inside);
        });
    }
    result
}
