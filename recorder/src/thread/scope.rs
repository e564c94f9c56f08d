//! Mirror of [`std::thread::scope`].
//!
//! A scope is a wait group: the end of each child's closure counts it down
//! (`wg_done`), and the return of the scope waits for it (`wg_wait`), joined or
//! not. Only an explicit join orders the child's thread-local destructors, as
//! with std.
//!
//! The value of a child that nobody joins is dropped before std counts the
//! child as done: its destructor's accesses happen before the scope's return
//! as well. So a value that needs dropping goes back with a guard that is
//! dropped after it, and counts the group down once more.
#![allow(unsafe_code)] // One allocation that lives as long as 'scope.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::panic::Location;
use std::sync::Arc;
use std::thread as std_thread;

use hbtrace_traces::kind::Kind;
use hbtrace_traces::object::ObjectKind;

use super::child::{self, Child};
use super::handle::Thread;
use crate::emit::{self, Event};
use crate::object::Object;
use crate::primitive::{Mutex, lock};

type Site = &'static Location<'static>;

#[expect(explicit_outlives_requirements, reason = "as std declares it")]
/// A scope to spawn threads in; see [`std::thread::Scope`].
pub struct Scope<'scope, 'env: 'scope> {
    inner: &'scope std_thread::Scope<'scope, 'env>,
    group: Arc<Group>,
}

/// The threads of a scope.
struct Group {
    object: Object,
    site: Site,
    count: Mutex<Count>,
}

#[derive(Default)]
struct Count {
    spawned: u64,
    /// Children whose closure is done.
    ended: u64,
    /// Times that the group was counted down.
    done: u64,
    /// The scope waits for the rest.
    awaited: bool,
}

impl Group {
    #[track_caller]
    fn new() -> Group {
        Group {
            object: Object::new(),
            site: Location::caller(),
            count: Mutex::new(Count::default()),
        }
    }

    fn event(&self, kind: Kind) -> Event {
        Event::new(kind, self.object.id(ObjectKind::WaitGroup), self.site)
    }

    /// A child's closure is done.
    fn ended(&self) {
        let mut count = lock(&self.count);
        count.ended += 1;
        self.count_down(&mut count);
    }

    /// Number and record are one step under the lock, so that whoever sees the
    /// count finds its events in the file.
    fn count_down(&self, count: &mut Count) {
        count.done += 1;
        if emit::recording() {
            let event = self.event(Kind::WgDone).number(count.done);
            emit::sync(event.timed(count.awaited));
        }
    }

    /// The scope's closure is done, and waits for the children that are not.
    fn wait(&self) {
        let mut count = lock(&self.count);
        count.awaited = count.ended < count.spawned;
        if count.awaited && emit::recording() {
            emit::sync(self.event(Kind::Req).timed(true));
        }
    }

    /// The scope returns.
    fn waited(&self) {
        let count = lock(&self.count);
        if count.spawned > 0 && emit::recording() {
            let event = self.event(Kind::WgWait).number(count.done);
            emit::sync(event.timed(count.awaited));
        }
    }
}

/// What a child's closure returned.
struct Value<T> {
    value: T,
    /// Declared, and so dropped, after the value.
    dropped: Dropped,
}

impl<T> Value<T> {
    fn new(value: T, group: Arc<Group>) -> Value<T> {
        let dropped = Dropped(std::mem::needs_drop::<T>().then_some(group));
        Value { value, dropped }
    }

    /// The value, for whoever has joined.
    fn into_joined(mut self) -> T {
        self.dropped.0 = None;
        self.value
    }
}

/// Counts the group down when a value was dropped that nobody joined.
struct Dropped(Option<Arc<Group>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        if let Some(group) = &self.0 {
            group.count_down(&mut lock(&group.count));
        }
    }
}

/// What is left to do when a scope returns or unwinds.
struct Return {
    group: Arc<Group>,
    /// The scope that was lent to the closure.
    lent: Cell<*mut Scope<'static, 'static>>,
}

impl Drop for Return {
    fn drop(&mut self) {
        self.group.waited();
        let lent = self.lent.get();
        if !lent.is_null() {
            // SAFETY: it comes from `Box::into_raw` in `scope`, and is freed
            // only here. std's scope has returned or unwound, so the lifetime
            // 'scope is over: nobody has a reference to it.
            drop(unsafe { Box::from_raw(lent) });
        }
    }
}

/// As [`std::thread::scope`].
#[track_caller]
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let group = Arc::new(Group::new());
    let end = Return {
        group: Arc::clone(&group),
        lent: Cell::new(std::ptr::null_mut()),
    };
    std_thread::scope(|inner| {
        let scope = Box::into_raw(Box::new(Scope {
            inner,
            group: Arc::clone(&group),
        }));
        end.lent.set(scope.cast());
        // SAFETY: just allocated, never written again, and freed by `end`
        // after std's scope is over, which is after 'scope.
        let result = f(unsafe { &*scope });
        group.wait();
        result
    })
}

impl<'scope> Scope<'scope, '_> {
    /// As [`std::thread::Scope::spawn`].
    ///
    /// # Panics
    /// If the system can't create a thread, as std's does.
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        self.spawn_with(std_thread::Builder::new(), f, Location::caller())
            .expect("failed to spawn thread")
    }

    pub(super) fn spawn_with<F, T>(
        &'scope self,
        builder: std_thread::Builder,
        f: F,
        site: Site,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let child = Child::fork(site);
        let (id, parking) = (child.id, Arc::clone(&child.parking));
        let group = Arc::clone(&self.group);
        lock(&group.count).spawned += 1;
        let ending = Arc::clone(&group);
        let spawned = builder.spawn_scoped(self.inner, move || {
            let value = child.run(f, || ending.ended());
            Value::new(value, ending)
        });
        let inner = spawned.inspect_err(|_| lock(&group.count).spawned -= 1)?;
        let thread = Thread::new(inner.thread().clone(), parking);
        Ok(ScopedJoinHandle { inner, thread, id })
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// Permission to join a scoped thread; see [`std::thread::ScopedJoinHandle`].
pub struct ScopedJoinHandle<'scope, T> {
    inner: std_thread::ScopedJoinHandle<'scope, Value<T>>,
    thread: Thread,
    /// The thread's id in the trace, if it is recorded.
    id: Option<u32>,
}

impl<T> ScopedJoinHandle<'_, T> {
    /// As [`std::thread::ScopedJoinHandle::thread`].
    #[must_use]
    pub fn thread(&self) -> &Thread {
        &self.thread
    }

    /// As [`std::thread::ScopedJoinHandle::join`].
    ///
    /// # Errors
    /// If the thread panicked.
    #[track_caller]
    pub fn join(self) -> std_thread::Result<T> {
        let finished = self.inner.is_finished();
        child::join(self.id, Location::caller(), finished, || self.inner.join())
            .map(Value::into_joined)
    }

    /// As [`std::thread::ScopedJoinHandle::is_finished`]; it orders nothing.
    pub fn is_finished(&self) -> bool {
        self.inner.is_finished()
    }
}

impl<T> fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedJoinHandle").finish_non_exhaustive()
    }
}
