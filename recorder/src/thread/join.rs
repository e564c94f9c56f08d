//! Mirror of [`std::thread::JoinHandle`].

use std::fmt;
use std::panic::Location;
use std::thread as std_thread;

use super::child;
use super::handle::Thread;

/// Permission to join a thread; see [`std::thread::JoinHandle`].
pub struct JoinHandle<T> {
    inner: std_thread::JoinHandle<T>,
    thread: Thread,
    /// The thread's id in the trace, if it is recorded.
    id: Option<u32>,
}

impl<T> JoinHandle<T> {
    pub(super) fn new(
        inner: std_thread::JoinHandle<T>,
        thread: Thread,
        id: Option<u32>,
    ) -> JoinHandle<T> {
        JoinHandle { inner, thread, id }
    }

    /// As [`std::thread::JoinHandle::thread`].
    #[must_use]
    pub fn thread(&self) -> &Thread {
        &self.thread
    }

    /// As [`std::thread::JoinHandle::join`].
    ///
    /// # Errors
    /// If the thread panicked.
    #[track_caller]
    pub fn join(self) -> std_thread::Result<T> {
        let finished = self.inner.is_finished();
        child::join(self.id, Location::caller(), finished, || self.inner.join())
    }

    /// As [`std::thread::JoinHandle::is_finished`]; it orders nothing.
    pub fn is_finished(&self) -> bool {
        self.inner.is_finished()
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").finish_non_exhaustive()
    }
}
