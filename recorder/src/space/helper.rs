//! The recorder's own thread: it prepares what others are about to write.
//!
//! # Life
//!
//! It is started with the session and ends with it. It blocks all signals, so
//! that none of the service's handlers runs on it, uses no mirror and allocates
//! nothing, so that it never appears in the trace, and is made by the C library
//! directly for the same reason. A forked child has none, and records nothing.
//! If it can't be created, threads do its work themselves. It has a table of
//! descriptors of its own, with the file and nothing else.
//!
//! It runs where the process may run, and not only where the thread may that
//! happened to start the session: one that is bound to a processor would have
//! the helper beside it, and wait for it there. What the process may use is what
//! its main thread may use: a mask that it was started with holds for the helper
//! too, and so do the processors of its control group, which the kernel sees to.
//!
//! # Sleep
//!
//! `AWAKE` -> `ASLEEP` (by the helper, before it sleeps) -> `AWAKE` (by a thread
//! that draws and finds little left, or by the helper when its nap is over), and
//! from either to `ENDED`. A thread that misses the helper's falling asleep does
//! not wake it; the next one that draws will, and until then threads do without.
#![allow(unsafe_code)] // Creates a thread.

use std::ffi::c_void;
use std::os::fd::{AsRawFd, RawFd};
use std::ptr;
use std::time::Duration;

use hbtrace_traces::format::layout::header;

use memmap2::{Mmap, MmapOptions};

use super::Space;
use super::frontier::STRIDE;
use super::pace::{AHEAD_LEAST, Pace};
use crate::header::Header;
use crate::primitive::{self, AtomicI32, AtomicU32, AtomicU64, Ordering};

const AWAKE: u32 = 0;
const ASLEEP: u32 = 1;
const ENDED: u32 = 2;
/// It calls little and holds little.
const STACK: usize = 256 << 10;
/// How long it sleeps where the disk is full, until it tries again.
const UNTIL_RETRY: Duration = Duration::from_secs(1);
/// What it makes ready until it looks after all else.
const ROUND: u32 = 64;
const NO_CLOCK: i32 = 0;

/// How the helper is woken and ended.
pub(super) struct Bell {
    state: AtomicU32,
    /// Who finds less left than this rings.
    low: AtomicU64,
    /// The clock of the helper's CPU time.
    clock: AtomicI32,
}

impl Bell {
    pub(super) const fn new() -> Bell {
        Bell {
            state: AtomicU32::new(AWAKE),
            low: AtomicU64::new(AHEAD_LEAST),
            clock: AtomicI32::new(NO_CLOCK),
        }
    }

    /// Somebody has drawn, and `left` bytes are ready still.
    #[inline]
    pub(super) fn drawn(&self, left: u64) {
        // Relaxed: what is missed here is made up for by the next draw.
        if left < self.low.load(Ordering::Relaxed) && self.state.load(Ordering::Relaxed) == ASLEEP {
            self.ring();
        }
    }

    #[cold]
    fn ring(&self) {
        // Relaxed: the state is all that is told.
        let rung = self
            .state
            .compare_exchange(ASLEEP, AWAKE, Ordering::Relaxed, Ordering::Relaxed);
        if rung.is_ok() {
            primitive::wake(&self.state);
        }
    }

    /// Ends the helper, and notes what it has cost.
    pub(super) fn end(&self, header: &Header) {
        self.note_cost(header);
        self.hang_up();
    }

    /// Ends the helper.
    pub(super) fn hang_up(&self) {
        // Relaxed: as above.
        if self.state.swap(ENDED, Ordering::Relaxed) == ASLEEP {
            primitive::wake(&self.state);
        }
    }

    /// Sleeps until it is rung for, or `nap` is over. Returns whether to go on.
    pub(super) fn sleep(&self, nap: Option<Duration>) -> bool {
        // Relaxed: as above.
        let slept =
            self.state
                .compare_exchange(AWAKE, ASLEEP, Ordering::Relaxed, Ordering::Relaxed);
        if slept.is_ok() {
            // That it returns early is as good as a ring.
            primitive::wait(&self.state, ASLEEP, nap);
        }
        // Relaxed: as above. The nap may be over without a ring.
        let _ = self
            .state
            .compare_exchange(ASLEEP, AWAKE, Ordering::Relaxed, Ordering::Relaxed);
        // Relaxed: as above.
        self.state.load(Ordering::Relaxed) != ENDED
    }

    /// Stores the helper's CPU time so far.
    fn note_cost(&self, header: &Header) {
        // Relaxed: a number of the kernel's.
        let clock = self.clock.load(Ordering::Relaxed);
        if clock == NO_CLOCK {
            return;
        }
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: a place for the answer. The clock of a thread that has ended
        // is an error.
        if unsafe { libc::clock_gettime(clock, &mut time) } == 0 {
            let ns = time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64;
            header.raise(header::HELPER_NS, ns);
        }
    }
}

/// Starts the helper of `space`. It is not told where it can't be: threads do
/// without.
pub(crate) fn start(space: &'static Space) {
    // SAFETY: plain data that is filled before it is used, and calls of the C
    // library that are given it; `main` takes what it is given here. The mask
    // of this thread is the old one again at the end.
    unsafe {
        let mut attributes = std::mem::zeroed();
        if libc::pthread_attr_init(&mut attributes) != 0 {
            return;
        }
        libc::pthread_attr_setdetachstate(&mut attributes, libc::PTHREAD_CREATE_DETACHED);
        libc::pthread_attr_setstacksize(&mut attributes, STACK);
        let (mut all, mut before) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
        let mut thread = std::mem::zeroed();
        let argument = ptr::from_ref(space).cast_mut().cast();
        let _ = libc::pthread_create(&mut thread, &attributes, main, argument);
        libc::pthread_sigmask(libc::SIG_SETMASK, &before, ptr::null_mut());
        libc::pthread_attr_destroy(&mut attributes);
    }
}

/// The zeros that a stride is made ready with, which take no memory: the
/// kernel's page of zeros, over and over. Only a file on disk gains by them,
/// and only a helper with descriptors of its own may write.
fn zeros(space: &Space) -> Option<Mmap> {
    if space.is_in_memory() || !own_descriptors(space.file().as_raw_fd()) {
        return None;
    }
    let zeros = MmapOptions::new().len(STRIDE as usize).map_anon().ok()?;
    zeros.make_read_only().ok()
}

/// Gives this thread a table of descriptors of its own with `file` only, so
/// that the number stays the file's whatever the service closes and opens.
fn own_descriptors(file: RawFd) -> bool {
    let last = libc::c_uint::MAX;
    let file = file as libc::c_uint;
    // SAFETY: closes copies of descriptors, in a table that is this thread's
    // alone from the first of the calls on. Where the kernel has no such call,
    // nothing happens.
    unsafe {
        libc::syscall(
            libc::SYS_close_range,
            file + 1,
            last,
            libc::CLOSE_RANGE_UNSHARE,
        ) == 0
            && (file == 0 || libc::syscall(libc::SYS_close_range, 0, file - 1, 0) == 0)
    }
}

/// Gives this thread the processors of the process's main thread. It keeps those
/// that it inherited where there are more than fit into a set, or where the
/// kernel refuses.
fn run_where_the_process_may() {
    // SAFETY: a plain set of bits, for which zeros are lawful.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    let size = size_of::<libc::cpu_set_t>();
    // SAFETY: a place for the answer, as large as is said. The main thread is
    // named as the process is.
    let known = unsafe { libc::sched_getaffinity(libc::getpid(), size, &mut set) } == 0;
    if known {
        // SAFETY: a set that was filled. Failing changes nothing.
        unsafe { libc::sched_setaffinity(0, size, &set) };
    }
}

extern "C" fn main(space: *mut c_void) -> *mut c_void {
    // SAFETY: the space that `start` was given, which lives for ever.
    let space = unsafe { &*space.cast::<Space>() };
    let mut clock = 0;
    run_where_the_process_may();
    // SAFETY: this thread's own name, and a place for the number of its clock.
    unsafe {
        libc::prctl(libc::PR_SET_NAME, c"hbtrace".as_ptr());
        if libc::pthread_getcpuclockid(libc::pthread_self(), &mut clock) == 0 {
            // Relaxed: a number of the kernel's.
            space.bell.clock.store(clock, Ordering::Relaxed);
        }
    }
    let zeros = zeros(space);
    let mut pace = Pace::new();
    let mut oldest = 0;
    loop {
        let step = pace.step(space.drawn());
        // Relaxed: a hint.
        space.bell.low.store(step.ahead / 2, Ordering::Relaxed);
        let mut left = ROUND;
        while left > 0 && space.prepare(step.ahead, zeros.as_deref()) {
            left -= 1;
        }
        oldest = space.release(oldest);
        if left == 0 {
            continue;
        }
        space.bell.note_cost(&space.header);
        let nap = match space.is_short() {
            true => Some(UNTIL_RETRY),
            false => step.nap,
        };
        if !space.bell.sleep(nap) {
            return ptr::null_mut();
        }
    }
}

#[cfg(all(test, loom))]
mod models;
