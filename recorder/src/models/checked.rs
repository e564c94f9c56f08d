//! Loom's atomics and locks in the shape of std's.
//!
//! Loom's can't be made in a `const fn`, and half of the recorder is made in
//! one. So these are made when they are touched first, and a model touches
//! what it shares before it starts its threads: loom takes the making for a
//! write that all else must come after.

use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::sync::{LockResult, OnceLock, PoisonError, TryLockError, TryLockResult};
use std::time::Duration;

pub(crate) use loom::sync::atomic::fence;

/// What stands for words of the mapped file: a model never comes there.
const NO_FILE: &str = "a model has no mapped file and no futex";

macro_rules! atomics {
    ($($name:ident: $value:ty;)*) => {$(
        /// As std's of the same name.
        #[derive(Debug)]
        pub(crate) struct $name {
            first: $value,
            // Without a destructor, as std's are: it has nothing to free.
            made: ManuallyDrop<OnceLock<loom::sync::atomic::$name>>,
        }

        impl $name {
            pub(crate) const fn new(first: $value) -> $name {
                $name { first, made: ManuallyDrop::new(OnceLock::new()) }
            }

            /// # Safety
            /// It is never called.
            #[allow(unsafe_code, reason = "as std's, for code that no model runs")]
            pub(crate) unsafe fn from_ptr<'a>(_: *mut $value) -> &'a $name {
                unreachable!("{NO_FILE}")
            }

            pub(crate) fn as_ptr(&self) -> *mut $value {
                unreachable!("{NO_FILE}")
            }

            pub(crate) fn get_mut(&mut self) -> &mut $value {
                if let Some(made) = self.made.take() {
                    self.first = made.into_inner();
                }
                &mut self.first
            }
        }

        impl Deref for $name {
            type Target = loom::sync::atomic::$name;

            fn deref(&self) -> &Self::Target {
                self.made.get_or_init(|| Self::Target::new(self.first))
            }
        }
    )*};
}

atomics! {
    AtomicU8: u8;
    AtomicU32: u32;
    AtomicU64: u64;
    AtomicUsize: usize;
}

/// As std's: loom's lock, and beside it what it guards, behind one of std's
/// that is never contended.
#[derive(Debug)]
pub(crate) struct Mutex<T> {
    made: OnceLock<loom::sync::Mutex<()>>,
    value: std::sync::Mutex<T>,
}

/// As std's.
pub(crate) struct MutexGuard<'a, T> {
    // Let go of in this order; `None` while its thread waits.
    inner: Option<std::sync::MutexGuard<'a, T>>,
    outer: Option<loom::sync::MutexGuard<'a, ()>>,
    mutex: &'a Mutex<T>,
}

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Mutex<T> {
        Mutex {
            made: OnceLock::new(),
            value: std::sync::Mutex::new(value),
        }
    }

    fn made(&self) -> &loom::sync::Mutex<()> {
        self.made.get_or_init(|| loom::sync::Mutex::new(()))
    }

    fn guard<'a>(&'a self, outer: loom::sync::MutexGuard<'a, ()>) -> MutexGuard<'a, T> {
        let inner = self.value.lock().unwrap_or_else(PoisonError::into_inner);
        MutexGuard {
            inner: Some(inner),
            outer: Some(outer),
            mutex: self,
        }
    }

    pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let outer = self.made().lock();
        Ok(self.guard(outer.unwrap_or_else(PoisonError::into_inner)))
    }

    pub(crate) fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        match self.made().try_lock() {
            Ok(outer) => Ok(self.guard(outer)),
            Err(TryLockError::Poisoned(outer)) => Ok(self.guard(outer.into_inner())),
            Err(TryLockError::WouldBlock) => Err(TryLockError::WouldBlock),
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
pub(crate) struct Condvar {
    made: OnceLock<loom::sync::Condvar>,
}

/// As std's, but never true: loom knows no time.
pub(crate) struct WaitTimeoutResult;

impl WaitTimeoutResult {
    pub(crate) fn timed_out(&self) -> bool {
        false
    }
}

impl Condvar {
    pub(crate) const fn new() -> Condvar {
        Condvar {
            made: OnceLock::new(),
        }
    }

    fn made(&self) -> &loom::sync::Condvar {
        self.made.get_or_init(loom::sync::Condvar::new)
    }

    pub(crate) fn wait<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
    ) -> LockResult<MutexGuard<'a, T>> {
        guard.inner = None;
        let outer = guard.outer.take().expect(HELD);
        let outer = self.made().wait(outer);
        Ok(guard
            .mutex
            .guard(outer.unwrap_or_else(PoisonError::into_inner)))
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
        guard: MutexGuard<'a, T>,
        _: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        match self.wait(guard) {
            Ok(guard) => Ok((guard, WaitTimeoutResult)),
            Err(poisoned) => Ok((poisoned.into_inner(), WaitTimeoutResult)),
        }
    }

    pub(crate) fn notify_one(&self) {
        self.made().notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.made().notify_all();
    }
}

loom::lazy_static! {
    /// The kernel's own lock of its queue, and the queue.
    static ref QUEUE: (loom::sync::Mutex<()>, loom::sync::Condvar) =
        (loom::sync::Mutex::new(()), loom::sync::Condvar::new());
}

/// As the kernel's: the word is looked at under the lock of the queue.
pub(crate) fn wait(word: &AtomicU32, value: u32, _: Option<Duration>) {
    let queue = QUEUE.0.lock().expect("nothing panics");
    // SeqCst, as the kernel's look is no weaker than any.
    if word.load(loom::sync::atomic::Ordering::SeqCst) == value {
        drop(QUEUE.1.wait(queue));
    }
}

/// As the kernel's. The caller has changed the word.
pub(crate) fn wake(_: &AtomicU32) {
    drop(QUEUE.0.lock());
    QUEUE.1.notify_all();
}

/// As the kernel's.
pub(crate) fn wake_all(word: &AtomicU32) {
    wake(word);
}
