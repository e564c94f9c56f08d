//! `pthread_barrier_t`.
//!
//! Which generation an arrival belongs to has to be known when it is told, and
//! libc's barrier doesn't say. So barriers of this process are made here: each
//! arrival is told under the lock that decides it. Those that processes share
//! are libc's, and tell nothing.

use std::ffi::{c_int, c_uint, c_void};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use hbtrace_recorder::raw::{self, Place, Sync};
use hbtrace_traces::kind::Kind;
use hbtrace_traces::object::ObjectKind;

use crate::call::with_caller;
use crate::inside;
use crate::objects::Objects;
use crate::real::real;
use crate::record::{active, telling};

/// What one of each generation gets.
const SERIAL_THREAD: c_int = -1;

mod next {
    use super::{c_int, c_uint, c_void, real};

    real! {
        fn pthread_barrier_init(barrier: *mut c_void, attributes: *const c_void,
            parties: c_uint) -> c_int;
        fn pthread_barrier_wait(barrier: *mut c_void) -> c_int;
        fn pthread_barrier_destroy(barrier: *mut c_void) -> c_int;
        fn pthread_barrierattr_getpshared(attributes: *const c_void, shared: *mut c_int) -> c_int;
    }
}

with_caller! {
    /// Begins its life, as POSIX says.
    fn pthread_barrier_init(barrier: *mut c_void, attributes: *const c_void,
        parties: c_uint) -> c_int => init, "rcx";
    /// Waits until all have come, as POSIX says.
    fn pthread_barrier_wait(barrier: *mut c_void) -> c_int => wait, "rsi";
    /// Ends its life, as POSIX says.
    fn pthread_barrier_destroy(barrier: *mut c_void) -> c_int => destroy, "rsi";
}

struct Barrier {
    id: u32,
    parties: u64,
    state: Mutex<State>,
    passed: Condvar,
}

struct State {
    /// Threads that have arrived in this generation.
    arrived: u64,
    generation: u64,
    /// Threads that are within.
    within: u64,
}

static BARRIERS: Objects<Option<Arc<Barrier>>> = Objects::new();

impl Barrier {
    fn event(&self, kind: Kind, place: Place) -> Sync {
        Sync::new(kind, self.id, place)
    }

    /// Waits until all have come; whether this is the last one.
    fn wait(&self, place: Place) -> bool {
        let lock = || self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = lock();
        let generation = state.generation;
        let last = state.arrived + 1 >= self.parties;
        let arrival = self.event(Kind::Arrive, place).number(generation);
        arrival.timed(last).tell();
        state.arrived += 1;
        state.within += 1;
        if last {
            state.arrived = 0;
            state.generation += 1;
            self.passed.notify_all();
        } else {
            self.event(Kind::Req, place).timed(true).tell();
            let waiting = |state: &mut State| state.generation == generation;
            let passed = self.passed.wait_while(state, waiting);
            state = passed.unwrap_or_else(PoisonError::into_inner);
        }
        let departure = self.event(Kind::Depart, place).number(generation);
        departure.timed(!last).tell();
        state.within -= 1;
        if state.within == 0 {
            self.passed.notify_all();
        }
        last
    }

    /// Waits until nobody is within, as libc does before a barrier's end.
    fn leave(&self) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let within = |state: &mut State| state.within > state.arrived;
        drop(self.passed.wait_while(state, within));
    }
}

/// Whether processes share barriers of these attributes.
///
/// # Safety
/// They are null or attributes.
unsafe fn is_shared(attributes: *const c_void) -> bool {
    let mut shared = libc::PTHREAD_PROCESS_PRIVATE;
    if !attributes.is_null() {
        // SAFETY: as the caller promises.
        unsafe { next::pthread_barrierattr_getpshared(attributes, &raw mut shared) };
    }
    shared == libc::PTHREAD_PROCESS_SHARED
}

unsafe extern "C" fn init(
    barrier: *mut c_void,
    attributes: *const c_void,
    parties: c_uint,
    back: usize,
) -> c_int {
    // SAFETY: as the caller promises.
    let result = unsafe { next::pthread_barrier_init(barrier, attributes, parties) };
    // SAFETY: as the caller promises.
    if result == 0 && active() && !unsafe { is_shared(attributes) } {
        telling(|| make(barrier, parties, Place::of_call(back)));
    }
    result
}

fn make(barrier: *mut c_void, parties: c_uint, place: Place) {
    let inside = inside::enter();
    let id = raw::object(ObjectKind::Barrier, barrier.addr(), 0, place);
    let made = Arc::new(Barrier {
        id,
        parties: u64::from(parties),
        state: Mutex::new(State {
            arrived: 0,
            generation: 0,
            within: 0,
        }),
        passed: Condvar::new(),
    });
    made.event(Kind::Barrier, place)
        .number(u64::from(parties))
        .tell();
    BARRIERS.with(barrier.addr(), || None, |known| *known = Some(made));
    drop(inside);
}

/// What was made for it, if it is recorded.
fn find(barrier: *mut c_void) -> Option<Arc<Barrier>> {
    BARRIERS.get(barrier.addr(), Option::clone)?
}

unsafe extern "C" fn wait(barrier: *mut c_void, back: usize) -> c_int {
    let Some(found) = find(barrier) else {
        // SAFETY: as the caller promises.
        return unsafe { next::pthread_barrier_wait(barrier) };
    };
    let last = telling(|| {
        let _inside = inside::enter();
        let last = found.wait(Place::of_call(back));
        drop(found);
        last
    });
    if last { SERIAL_THREAD } else { 0 }
}

unsafe extern "C" fn destroy(barrier: *mut c_void, _back: usize) -> c_int {
    if let Some(found) = find(barrier) {
        telling(|| {
            let _inside = inside::enter();
            found.leave();
            BARRIERS.remove(barrier.addr());
            drop(found);
        });
    }
    // SAFETY: as the caller promises.
    unsafe { next::pthread_barrier_destroy(barrier) }
}
