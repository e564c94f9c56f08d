//! Std's lock and condition variable, told to ThreadSanitizer.
//!
//! The prebuilt std is not instrumented, so where a lock is contended the
//! sanitizer sees no edge between the thread that lets go and the one that
//! takes, and calls all that the lock guards a race. Here each is told.
#![allow(unsafe_code)] // Calls of the sanitizer's runtime.

use std::ffi::c_void;
use std::ops::{Deref, DerefMut};
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult, WaitTimeoutResult};
use std::time::Duration;

unsafe extern "C" {
    fn __tsan_acquire(at: *mut c_void);
    fn __tsan_release(at: *mut c_void);
}

/// As std's.
#[derive(Debug)]
pub(crate) struct Mutex<T>(std::sync::Mutex<T>);

/// As std's.
pub(crate) struct MutexGuard<'a, T> {
    /// `None` while its thread waits.
    inner: Option<std::sync::MutexGuard<'a, T>>,
    mutex: &'a Mutex<T>,
}

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Mutex<T> {
        Mutex(std::sync::Mutex::new(value))
    }

    fn at(&self) -> *mut c_void {
        std::ptr::from_ref(self).cast_mut().cast()
    }

    fn taken<'a>(&'a self, inner: std::sync::MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        // SAFETY: any address will do; the lock's own is its name.
        unsafe { __tsan_acquire(self.at()) };
        MutexGuard {
            inner: Some(inner),
            mutex: self,
        }
    }

    pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(self.taken(inner))
    }

    pub(crate) fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(inner) => Ok(self.taken(inner)),
            Err(TryLockError::Poisoned(inner)) => Ok(self.taken(inner.into_inner())),
            Err(TryLockError::WouldBlock) => Err(TryLockError::WouldBlock),
        }
    }
}

impl<'a, T> MutexGuard<'a, T> {
    /// About to let go.
    fn release(&mut self) -> Option<std::sync::MutexGuard<'a, T>> {
        // SAFETY: as in `Mutex::taken`.
        unsafe { __tsan_release(self.mutex.at()) };
        self.inner.take()
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        if self.inner.is_some() {
            drop(self.release());
        }
    }
}

const HELD: &str = "it is only empty while its thread waits";

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.inner.as_deref().expect(HELD)
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.inner.as_deref_mut().expect(HELD)
    }
}

/// As std's.
#[derive(Debug)]
pub(crate) struct Condvar(std::sync::Condvar);

impl Condvar {
    pub(crate) const fn new() -> Condvar {
        Condvar(std::sync::Condvar::new())
    }

    pub(crate) fn wait<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
    ) -> LockResult<MutexGuard<'a, T>> {
        let mutex = guard.mutex;
        let inner = guard.release().expect(HELD);
        let inner = self.0.wait(inner).unwrap_or_else(PoisonError::into_inner);
        Ok(mutex.taken(inner))
    }

    pub(crate) fn wait_while<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut waits: impl FnMut(&mut T) -> bool,
    ) -> LockResult<MutexGuard<'a, T>> {
        while waits(&mut guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    pub(crate) fn wait_timeout<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        most: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let mutex = guard.mutex;
        let inner = guard.release().expect(HELD);
        let waited = self.0.wait_timeout(inner, most);
        let (inner, result) = waited.unwrap_or_else(PoisonError::into_inner);
        Ok((mutex.taken(inner), result))
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}
