//! What a thread writes with: its cursor into its chunks of the file.
//!
//! The cursor is one `const` thread-local without a destructor, so it works
//! from a thread's first instruction to its last. A second thread-local, whose
//! destructor closes the chunks, is touched when the thread records its first
//! event; events after that destructor (of other thread-locals) draw new
//! chunks, which stay open.
//!
//! **Signals.** `busy` is set while the cursor is in motion. A signal handler
//! (or an allocator built from mirrors) that finds it set drops its event and
//! counts it.
//!
//! **Room.** Every hold that is taken keeps room for its release in the current
//! chunk, so that no release has to draw one while the service holds a lock.
#![allow(unsafe_code)] // The pointer to the thread-local, and a system call.

use std::cell::Cell;

use hbtrace_traces::event::{NO_NUMBER, NO_TIME, NONE, SyncEvent};
use hbtrace_traces::format::layout::{PAGE, StreamKind};
use hbtrace_traces::format::table::Record;
use hbtrace_traces::format::words::{
    self, ACCESS_WORDS_MAX, SYNC_WORDS_MAX, encode_access, encode_sync,
};
use hbtrace_traces::id::SiteId;
use hbtrace_traces::kind::Kind;

use crate::chunk::Head;
use crate::event::Event;
use crate::primitive::{Mutex, Ordering, compiler_fence, lock};
use crate::session::{self, Shared};
use crate::site::{Place, Remembered};
use crate::space::Use;
use crate::stream::{NumberSlot, Stream};
use crate::ticks;

/// Every so many sync events one is stamped although nothing waits.
const STAMP_EVERY: u32 = 64;
/// Most room kept for releases, in words: half of the smallest chunk.
const HELD_ROOM_MAX: usize = PAGE / 16;

thread_local! {
    static CURSOR: Cursor = const { Cursor::new() };
    static CLOSER: Closer = const { Closer };
}

/// Runs `then` with this thread's cursor. Only a pointer goes through the
/// thread-local's own `with`, within which the hot path would not be inlined.
#[inline(always)]
fn with_cursor<R>(then: impl FnOnce(&Cursor) -> R) -> R {
    let cursor: *const Cursor = CURSOR.with(std::ptr::from_ref);
    // SAFETY: a thread-local without a destructor is there as long as its
    // thread, and the reference ends with this call, which is on that thread.
    then(unsafe { &*cursor })
}

/// Closes the thread's chunks when its thread-locals are destroyed.
struct Closer;

impl Drop for Closer {
    fn drop(&mut self) {
        with_cursor(Cursor::close);
    }
}

/// The thread's state.
struct Cursor {
    busy: Cell<bool>,
    started: Cell<bool>,
    access: Stream,
    sync: Stream,
    /// The last site: of an access or of a sync event.
    site: Cell<u32>,
    /// Where the access stream was at the last sync event.
    mark: Cell<u64>,
    /// The thread's id in the trace, once it has one.
    thread: Cell<Option<u32>>,
    /// Its creation was recorded.
    adopted: Cell<bool>,
    held: Cell<u32>,
    waiting: Cell<u32>,
    unstamped: Cell<u32>,
    sites: Remembered,
}

impl Cursor {
    const fn new() -> Cursor {
        Cursor {
            busy: Cell::new(false),
            started: Cell::new(false),
            access: Stream::new(),
            sync: Stream::new(),
            site: Cell::new(0),
            mark: Cell::new(0),
            thread: Cell::new(None),
            adopted: Cell::new(false),
            held: Cell::new(0),
            waiting: Cell::new(0),
            unstamped: Cell::new(0),
            sites: Remembered::new(),
        }
    }

    /// Sets `busy`, unless it is set.
    #[inline]
    fn enter(&self) -> bool {
        if self.busy.replace(true) {
            return false;
        }
        // A handler on this thread sees the bit before anything moves. SeqCst:
        // stores and loads of both sides keep their places; it is a fence for
        // the compiler only and costs no instruction.
        compiler_fence(Ordering::SeqCst);
        true
    }

    #[inline]
    fn leave(&self) {
        // SeqCst: as in `enter`.
        compiler_fence(Ordering::SeqCst);
        self.busy.set(false);
    }

    #[inline]
    fn access(&self, write: bool, address: u64, len: u64, place: Place) {
        if !self.enter() {
            return lose_access();
        }
        if self.access.room() >= ACCESS_WORDS_MAX || self.more_accesses() {
            let site = SiteId(self.site_of(place));
            let last = SiteId(self.site.replace(site.0));
            match words::access(write, address, len, site, last) {
                Some(word) => self.access.push(word),
                None => self.access_escaped(write, address, len, site, last),
            }
        } else {
            lose_access();
        }
        self.leave();
    }

    /// An access that takes more than one word.
    #[cold]
    fn access_escaped(&self, write: bool, address: u64, len: u64, site: SiteId, last: SiteId) {
        let mut words = [0; 3];
        let count = encode_access(write, address, len, site, last, &mut words);
        for word in &words[..count] {
            self.access.push(*word);
        }
    }

    fn sync(&self, event: &mut Event, pending: bool) -> Option<NumberSlot> {
        self.sync_under(event, pending, |_| ())
    }

    /// Keeps what `prepare` returns until the event is written.
    #[inline]
    fn sync_under<G>(
        &self,
        event: &mut Event,
        pending: bool,
        prepare: impl FnOnce(&mut Event) -> G,
    ) -> Option<NumberSlot> {
        if !self.enter() {
            lose_sync();
            return None;
        }
        let slot = self.start().and_then(|shared| {
            let _kept = prepare(event);
            let stamped = event.timed || shared.time_all || self.unstamped.get() >= STAMP_EVERY;
            event.sync.site = SiteId(self.site_of(event.site));
            if stamped {
                event.sync.time = ticks::now();
            }
            self.put(shared, &event.sync, pending)
        });
        if slot.is_none() {
            lose_sync();
        }
        self.leave();
        slot.filter(|_| pending)
    }

    /// Writes an event. Without room for it the session is exhausted.
    fn put(&self, shared: &Shared, event: &SyncEvent, pending: bool) -> Option<NumberSlot> {
        let mut words = [0; SYNC_WORDS_MAX];
        let position = self.access.position();
        let count = encode_sync(event, position - self.mark.get(), pending, &mut words);
        if !self.has_room(count, event.kind) && !self.more_sync(shared) {
            shared.exhaust();
            return None;
        }
        let slot = self.sync.push_event(&words[..count]);
        self.mark.set(position);
        // Each segment's first access refers to the site of the event before.
        self.site.set(event.site.0);
        self.account(event);
        Some(slot)
    }

    /// Keeps the books of a chunk's header, and of stamps.
    fn account(&self, event: &SyncEvent) {
        match event.kind {
            Kind::Acq | Kind::ReadAcq | Kind::Woken => self.held.set(self.held.get() + 1),
            Kind::Rel | Kind::ReadRel | Kind::Wait => {
                self.held.set(self.held.get().saturating_sub(1));
            }
            _ => {}
        }
        self.waiting.set(match event.kind {
            Kind::Req | Kind::Wait => event.object.wrapping_add(1),
            _ => 0,
        });
        let unstamped = self.unstamped.get() + 1;
        self.unstamped
            .set(if event.time == NO_TIME { unstamped } else { 0 });
    }

    fn has_room(&self, words: usize, kind: Kind) -> bool {
        let releases = matches!(kind, Kind::Rel | Kind::ReadRel | Kind::Wait);
        let kept = match releases {
            true => 0,
            false => ((self.held.get() as usize + 1) * SYNC_WORDS_MAX).min(HELD_ROOM_MAX),
        };
        self.sync.room() >= words + kept
    }

    /// Begins the thread's recording if it has not begun. `None` if nothing is
    /// recorded any more.
    #[inline]
    fn start(&self) -> Option<&'static Shared> {
        if session::state() != session::ON {
            return None;
        }
        let shared = session::shared()?;
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
        let os_id = os_thread();
        shared.announce(&Record::Thread {
            thread,
            os_id,
            name: std::thread::current().name().map(str::to_owned),
            foreign: !self.adopted.get() && os_id != std::process::id(),
        });
        let mut event = SyncEvent::new(Kind::ThreadBegin);
        event.time = ticks::now();
        if self.put(shared, &event, false).is_none() {
            shared.lose_sync();
        }
    }

    #[cold]
    fn more_accesses(&self) -> bool {
        let Some(shared) = self.start() else {
            return false;
        };
        // The thread's beginning may have drawn nothing here.
        self.more(shared, &self.access, StreamKind::Access)
    }

    #[cold]
    fn more_sync(&self, shared: &Shared) -> bool {
        self.more(shared, &self.sync, StreamKind::Sync)
    }

    fn more(&self, shared: &Shared, stream: &Stream, kind: StreamKind) -> bool {
        let purpose = match kind {
            StreamKind::Access => Use::Accesses,
            _ => Use::Order,
        };
        let size = stream.next_size();
        // Before the chunk is drawn: chunks drawn later bear later events.
        let ticks = ticks::now();
        let Some(chunk) = shared.draw(size, (size / 8).max(PAGE), purpose) else {
            return false;
        };
        stream.close(shared);
        let (position, sequence) = stream.place();
        stream.open(
            chunk,
            &Head {
                stream: kind,
                thread: self.thread.get().unwrap_or(NONE),
                sequence,
                site: self.site.get(),
                position,
                held: self.held.get(),
                waiting: self.waiting.get(),
                ticks,
            },
        );
        true
    }

    /// The number of a place. One that this thread meets for the first time
    /// takes a lock.
    #[inline]
    fn site_of(&self, place: Place) -> u32 {
        self.sites.number(place, || {
            session::shared().map_or(0, |shared| shared.site(place))
        })
    }

    fn close(&self) {
        if !self.enter() {
            return;
        }
        if let Some(shared) = session::shared()
            && matches!(session::state(), session::ON | session::EXHAUSTED)
        {
            self.access.close(shared);
            self.sync.close(shared);
            self.access.shrink();
            self.sync.shrink();
        }
        self.leave();
    }
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
    matches!(session::state(), session::ON | session::EXHAUSTED)
        .then(session::shared)
        .flatten()
}

fn os_thread() -> u32 {
    // SAFETY: a system call that takes nothing and cannot fail.
    unsafe { libc::gettid() as u32 }
}

/// Records an access of this thread.
#[inline(never)]
pub(crate) fn access(write: bool, address: u64, len: u64, place: Place) {
    with_cursor(|cursor| cursor.access(write, address, len, place));
}

/// Records a sync event of this thread. With `pending`, its number is missing
/// and goes to the returned slot.
pub(crate) fn sync(event: &mut Event, pending: bool) -> Option<NumberSlot> {
    with_cursor(|cursor| cursor.sync(event, pending))
}

/// Records a sync event whose number is what `counter` comes to with `step`
/// more. Count and record are one step under the lock, which is only taken
/// where no signal handler records: none waits for the thread it interrupts.
pub(crate) fn sync_counted(event: &mut Event, counter: &Mutex<u64>, step: u64) {
    let _ = with_cursor(|cursor| {
        cursor.sync_under(event, false, |event| {
            let mut count = lock(counter);
            *count += step;
            event.sync.number = *count;
            count
        })
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

const _: () = assert!(NO_NUMBER == u64::MAX, "a pending number is all ones");
