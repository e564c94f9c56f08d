//! Mirror of [`std::thread::Thread`]: handles to threads, and parking.

use std::cell::OnceCell;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::thread as std_thread;
use std::time::Duration;

use super::parking::Parking;
use crate::emit;

thread_local! {
    static CURRENT: OnceCell<Thread> = const { OnceCell::new() };
}

/// A handle to a thread; see [`std::thread::Thread`].
#[derive(Clone)]
pub struct Thread {
    inner: std_thread::Thread,
    parking: Arc<Parking>,
}

impl Thread {
    pub(super) fn new(inner: std_thread::Thread, parking: Arc<Parking>) -> Thread {
        Thread { inner, parking }
    }

    /// As [`std::thread::Thread::unpark`].
    #[track_caller]
    pub fn unpark(&self) {
        self.parking
            .unpark(Location::caller(), || self.inner.unpark());
    }

    /// As [`std::thread::Thread::id`].
    #[must_use]
    pub fn id(&self) -> std_thread::ThreadId {
        self.inner.id()
    }

    /// As [`std::thread::Thread::name`].
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.inner.name()
    }
}

impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// As [`std::thread::current`]. While a thread's thread-locals are being
/// destroyed it gives a handle of its own, whose token nobody else can set.
#[must_use]
pub fn current() -> Thread {
    CURRENT
        .try_with(|current| current.get_or_init(foreign).clone())
        .unwrap_or_else(|_| foreign())
}

/// A handle to this thread, which this module has not created.
fn foreign() -> Thread {
    let thread = emit::recording().then(emit::thread);
    Thread::new(std_thread::current(), Arc::new(Parking::new(thread)))
}

/// Makes `parking` this new thread's own.
pub(super) fn adopt(parking: Arc<Parking>) {
    let thread = Thread::new(std_thread::current(), parking);
    // A new thread has none yet, nor are its thread-locals gone.
    let _ = CURRENT.try_with(|current| current.set(thread));
}

/// As [`std::thread::park`].
#[track_caller]
pub fn park() {
    current().parking.park(Location::caller());
}

/// As [`std::thread::park_timeout`].
#[track_caller]
pub fn park_timeout(dur: Duration) {
    current().parking.park_timeout(dur, Location::caller());
}
