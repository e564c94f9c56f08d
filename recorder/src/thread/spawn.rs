//! Mirror of [`std::thread::spawn`] and [`std::thread::Builder`].

use std::io;
use std::panic::Location;
use std::sync::Arc;
use std::thread as std_thread;

use super::child::Child;
use super::handle::Thread;
use super::join::JoinHandle;
use super::scope::{Scope, ScopedJoinHandle};

/// As [`std::thread::spawn`].
///
/// # Panics
/// If the system can't create a thread, as std's does.
#[track_caller]
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Builder::new().spawn(f).expect("failed to spawn thread")
}

/// Configures a new thread; see [`std::thread::Builder`].
#[derive(Debug)]
#[must_use = "must eventually spawn the thread"]
pub struct Builder {
    inner: std_thread::Builder,
}

impl Builder {
    /// As [`std::thread::Builder::new`].
    #[expect(clippy::new_without_default, reason = "std's has none")]
    pub fn new() -> Builder {
        Builder {
            inner: std_thread::Builder::new(),
        }
    }

    /// As [`std::thread::Builder::name`].
    pub fn name(self, name: String) -> Builder {
        Builder {
            inner: self.inner.name(name),
        }
    }

    /// As [`std::thread::Builder::stack_size`].
    pub fn stack_size(self, size: usize) -> Builder {
        Builder {
            inner: self.inner.stack_size(size),
        }
    }

    /// As [`std::thread::Builder::spawn`].
    ///
    /// # Errors
    /// If the system can't create a thread.
    #[track_caller]
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let child = Child::fork(Location::caller());
        let (id, parking) = (child.id, Arc::clone(&child.parking));
        let inner = self.inner.spawn(move || child.run(f, || ()))?;
        let thread = Thread::new(inner.thread().clone(), parking);
        Ok(JoinHandle::new(inner, thread, id))
    }

    /// As [`std::thread::Builder::spawn_scoped`].
    ///
    /// # Errors
    /// If the system can't create a thread.
    #[track_caller]
    pub fn spawn_scoped<'scope, 'env, F, T>(
        self,
        scope: &'scope Scope<'scope, 'env>,
        f: F,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        scope.spawn_with(self.inner, f, Location::caller())
    }
}
