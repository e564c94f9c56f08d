//! A thread's life in the recorder: its beginning, its end, and what it does
//! that is not to be recorded.
//!
//! A second thread-local, whose destructor closes the chunks, is touched when
//! the thread records its first event; events after that destructor (of other
//! thread-locals) draw new chunks, which stay open.
#![allow(unsafe_code)] // A system call, and errno.

use hbtrace_traces::event::{NONE, SyncEvent};
use hbtrace_traces::format::layout::StreamKind;
use hbtrace_traces::format::table::Record;
use hbtrace_traces::id::SiteId;
use hbtrace_traces::kind::Kind;

use super::cursor::{Cursor, with_cursor};
use crate::shared::{self, Shared};
use crate::state;
use crate::ticks;

thread_local! {
    static CLOSER: Closer = const { Closer };
}

/// Closes the thread's chunks when its thread-locals are destroyed.
struct Closer;

impl Drop for Closer {
    fn drop(&mut self) {
        with_cursor(Cursor::close);
    }
}

impl Cursor {
    /// Marks that something is under way, unless something is.
    pub(super) fn enter(&self) -> bool {
        if self.sync.is_busy() || self.access.is_busy() {
            return false;
        }
        self.sync.hold();
        self.access.hold();
        // SAFETY: this thread's own, as long as it is there.
        self.errno.set(unsafe { *libc::__errno_location() });
        true
    }

    /// The program finds its errno as it was.
    pub(super) fn leave(&self) {
        // SAFETY: as in `enter`.
        unsafe { *libc::__errno_location() = self.errno.get() };
        self.access.release();
        self.sync.release();
    }

    /// Begins the thread's recording if it has not begun. `None` if nothing is
    /// recorded any more.
    pub(super) fn start(&self) -> Option<&'static Shared> {
        if state::now() != state::ON {
            return None;
        }
        let shared = shared::get()?;
        if !self.started.replace(true) {
            self.begin(shared);
        }
        Some(shared)
    }

    #[cold]
    fn begin(&self, shared: &Shared) {
        let thread = self.thread.get().unwrap_or_else(|| shared.next_thread());
        self.thread.set(Some(thread));
        // Fails while thread-locals are being destroyed: the chunks stay open.
        let _ = CLOSER.try_with(|_| ());
        self.announce(shared);
        let mut event = SyncEvent::new(Kind::ThreadBegin);
        event.time = ticks::now();
        event.site = SiteId::UNKNOWN;
        if self.put(shared, &event, false).is_none() {
            lose_sync();
        }
    }

    /// Tells the thread's name.
    fn announce(&self, shared: &Shared) {
        let os_id = os_thread();
        self.told.set(shared.announce(&Record::Thread {
            thread: self.thread.get().unwrap_or(NONE),
            os_id,
            name: self.name(),
            foreign: !self.adopted.get() && os_id != std::process::id(),
        }));
    }

    /// What it was named, or else what std knows. std is asked only where the
    /// thread is sure to be past its beginning: a signal handler may interrupt
    /// one that std is just setting up, and asking then would end the process.
    fn name(&self) -> Option<String> {
        #[cfg(feature = "raw")]
        if let Ok(name) = std::ffi::CStr::from_bytes_until_nul(&self.name.get())
            && !name.is_empty()
        {
            return Some(name.to_string_lossy().into_owned());
        }
        if self.adopted.get() || os_thread() == std::process::id() {
            return std::thread::current().name().map(str::to_owned);
        }
        kernel_name()
    }

    /// Tells the thread's name again, if it was told long ago.
    pub(super) fn announce_again(&self, shared: &Shared) {
        if self.told.get().is_some_and(|told| shared.has_passed(told)) {
            self.announce(shared);
        }
    }

    fn close(&self) {
        if !self.enter() {
            return;
        }
        if let Some(shared) = shared::get()
            && matches!(state::now(), state::ON | state::EXHAUSTED)
        {
            self.settle();
            self.accesses
                .leave(&self.access, StreamKind::Access, shared);
            self.syncs.leave(&self.sync, StreamKind::Sync, shared);
            self.mark.set((self.mark.get().0, self.sync.next()));
            self.accesses.shrink();
            self.syncs.shrink();
        }
        self.met.drop_slots();
        self.leave();
    }

    /// The session has ended, or there is none: shuts the cursor, unless what
    /// is not recorded is to be counted.
    #[cold]
    pub(super) fn shut(&self) {
        match state::now() {
            state::EXHAUSTED => self.access.set_end(std::ptr::null_mut()),
            state::OFF | state::STOPPED => self.access.never(),
            _ => return,
        }
        self.clear_ends();
    }
}

/// Shuts this thread's cursor if nothing is recorded any more.
pub(crate) fn shut() {
    with_cursor(Cursor::shut);
}

/// Counts an access that was not recorded.
#[cold]
pub(crate) fn lose_access() {
    if let Some(shared) = counting() {
        shared.lose_access();
    }
}

/// Counts a sync event that was not recorded.
#[cold]
pub(crate) fn lose_sync() {
    if let Some(shared) = counting() {
        shared.lose_sync();
    }
}

/// The session while losses count.
fn counting() -> Option<&'static Shared> {
    matches!(state::now(), state::ON | state::EXHAUSTED)
        .then(shared::get)
        .flatten()
}

/// What the kernel knows: up to 15 bytes of the thread's name.
fn kernel_name() -> Option<String> {
    let mut name = [0_u8; 16];
    // SAFETY: at most 16 bytes are written there, with a zero at their end.
    unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
    let name = std::ffi::CStr::from_bytes_until_nul(&name).ok()?;
    (!name.is_empty()).then(|| name.to_string_lossy().into_owned())
}

fn os_thread() -> u32 {
    // SAFETY: a system call that takes nothing and cannot fail.
    unsafe { libc::gettid() as u32 }
}

/// Whether this thread is within the recorder.
#[cfg(feature = "raw")]
pub(crate) fn is_inside() -> bool {
    with_cursor(|cursor| cursor.sync.is_busy() || cursor.access.is_busy())
}

/// Tells that this thread has got a name, of which so much is kept as the system
/// does.
#[cfg(feature = "raw")]
pub(crate) fn name(name: &str) {
    use super::cursor::NAME;

    let mut bytes = [0; NAME];
    let len = name.floor_char_boundary(NAME - 1);
    bytes[..len].copy_from_slice(&name.as_bytes()[..len]);
    with_cursor(|cursor| {
        let begun = cursor.started.get();
        cursor.name.set(bytes);
        quietly(|shared| {
            if begun {
                cursor.announce(shared);
            }
        });
    });
}

/// This thread's id, which begins its recording.
pub(crate) fn thread() -> u32 {
    let thread = || with_cursor(|cursor| cursor.thread.get());
    if thread().is_none() {
        quietly(|_| ());
    }
    thread().unwrap_or(NONE)
}

/// Gives this new thread the id that its parent drew, and begins.
pub(crate) fn adopt(thread: u32) {
    with_cursor(|cursor| {
        if !cursor.started.get() {
            cursor.thread.set(Some(thread));
            cursor.adopted.set(true);
        }
    });
    quietly(|_| ());
}

/// Runs `then` so that nothing that it does is recorded. `None` if nothing is
/// recorded, or if this thread is within the recorder already.
pub(crate) fn quietly<R>(then: impl FnOnce(&'static Shared) -> R) -> Option<R> {
    with_cursor(|cursor| {
        if !cursor.enter() {
            return None;
        }
        let result = cursor.start().map(then);
        cursor.leave();
        result
    })
}
