//! What a program tells the recorder itself.
//!
//! The mirrors see what goes through them. What does not (a foreign lock, a
//! queue of a C library, memory behind raw pointers, I/O) can be told here.
//! Everything in here does nothing where no session records.

use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;

use hbtrace_traces::event::NONE;
use hbtrace_traces::id as trace;
use hbtrace_traces::kind::Kind;
use hbtrace_traces::object::ObjectKind;

use crate::emit::{self, Event};
use crate::label::label;
use crate::object::Object;
use crate::primitive::{AtomicU64, Mutex, Ordering};

/// What [`release`] publishes to and [`acquire`] joins from.
pub struct Token {
    object: Object,
    /// Releases so far. The lock makes number and record one step, so that
    /// the trace holds every release that an acquire has seen; it is held for
    /// no more than that, and not taken where nothing is recorded.
    released: Mutex<u64>,
}

impl Token {
    /// A new token, created by the caller.
    #[must_use]
    #[track_caller]
    pub const fn new() -> Token {
        Token {
            object: Object::new(),
            released: Mutex::new(0),
        }
    }

    pub(crate) fn set_name(&self, name: &str) {
        self.object.name(ObjectKind::Token, name);
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

impl Default for Token {
    #[track_caller]
    fn default() -> Token {
        Token::new()
    }
}

/// What this thread did so far happens before everything that follows any
/// later [`acquire`] of the token. Call it *before* the operation that lets
/// another thread go on.
///
/// ```
/// use hbtrace_recorder::{Token, acquire, release};
///
/// static HANDED_OVER: Token = Token::new();
/// // ... before giving a buffer to a C library's thread:
/// release(&HANDED_OVER);
/// // ... in that thread's callback, when it has the buffer:
/// acquire(&HANDED_OVER);
/// ```
#[track_caller]
pub fn release(token: &Token) {
    pass(token, Kind::Release, 1, Location::caller());
}

/// All that was released to the token so far happens before what this thread
/// does next. Call it *after* the operation that let this thread go on.
#[track_caller]
pub fn acquire(token: &Token) {
    pass(token, Kind::Acquire, 0, Location::caller());
}

/// Records a release (1 more) or an acquire (0 more) of a token.
pub(crate) fn pass(token: &Token, kind: Kind, releases: u64, site: &'static Location<'static>) {
    if emit::recording() {
        let event = Event::new(kind, token.object.id(ObjectKind::Token), site);
        emit::sync_counted(event, &token.released, releases);
    }
}

/// Ends what [`outside`] or [`span`] began, when it is dropped.
#[must_use = "it ends when this is dropped"]
#[derive(Debug)]
pub struct Stretch {
    end: Kind,
    label: Option<u32>,
    site: &'static Location<'static>,
    /// It ends on the thread on which it began.
    thread: PhantomData<*const ()>,
}

impl Stretch {
    fn begin(kind: Kind, end: Kind, name: &str, site: &'static Location<'static>) -> Stretch {
        let label = emit::recording().then(|| label(name)).flatten();
        if let Some(label) = label {
            emit::sync(Event::new(kind, label, site).timed(true));
        }
        Stretch {
            end,
            label,
            site,
            thread: PhantomData,
        }
    }
}

impl Drop for Stretch {
    fn drop(&mut self) {
        if let Some(label) = self.label
            && emit::recording()
        {
            emit::sync(Event::new(self.end, label, self.site).timed(true));
        }
    }
}

/// This thread is outside (asleep, on the disk, on the network) until the
/// guard is dropped: it neither runs nor waits for another thread.
///
/// ```
/// let text = {
///     let _outside = hbtrace_recorder::outside("disk");
///     std::fs::read_to_string("Cargo.toml")
/// };
/// # drop(text);
/// ```
#[track_caller]
pub fn outside(name: &str) -> Stretch {
    Stretch::begin(Kind::Outside, Kind::Inside, name, Location::caller())
}

/// A stretch of the program's own (a request, a phase) until the guard is
/// dropped.
///
/// ```
/// let _request = hbtrace_recorder::span("request");
/// ```
#[track_caller]
pub fn span(name: &str) -> Stretch {
    Stretch::begin(Kind::Span, Kind::SpanEnd, name, Location::caller())
}

/// This thread reads `len` bytes at `pointer`, which is not followed.
///
/// Bytes beyond 2^47 can't be recorded, here and in [`write`](fn@write),
/// [`alloc`] and [`free`]: what is told there is counted as a lost access.
///
/// ```
/// let buffer = [0_u8; 16];
/// hbtrace_recorder::read(buffer.as_ptr(), buffer.len());
/// ```
#[track_caller]
#[inline]
pub fn read<T: ?Sized>(pointer: *const T, len: usize) {
    access(false, pointer.addr(), len, Location::caller());
}

/// This thread writes `len` bytes at `pointer`, which is not followed.
#[track_caller]
#[inline]
pub fn write<T: ?Sized>(pointer: *const T, len: usize) {
    access(true, pointer.addr(), len, Location::caller());
}

#[inline]
fn access(write: bool, address: usize, len: usize, site: &'static Location<'static>) {
    if len > 0 && emit::recording() {
        if is_out_of_reach(address, len) {
            return emit::lose_access();
        }
        emit::access(write, address as u64, len as u64, site);
    }
}

/// Whether bytes reach beyond the addresses that a trace can hold: AArch64
/// gives a process more, and they would pass for bytes of objects.
#[inline]
fn is_out_of_reach(address: usize, len: usize) -> bool {
    address.saturating_add(len) as u64 > trace::Location::OBJECT_SPACE
}

/// Order of all told lives.
static LIVES: AtomicU64 = AtomicU64::new(1);

/// A block of `len` bytes at `pointer` is born: what was freed there happens
/// before. Call it after the allocation.
#[track_caller]
pub fn alloc<T: ?Sized>(pointer: *const T, len: usize) {
    life(Kind::Alloc, pointer.addr(), len, Location::caller());
}

/// The life of the block of `len` bytes at `pointer` ends, which counts as a
/// write of all of it. Call it before the deallocation.
#[track_caller]
pub fn free<T: ?Sized>(pointer: *const T, len: usize) {
    life(Kind::Free, pointer.addr(), len, Location::caller());
}

fn life(kind: Kind, address: usize, len: usize, site: &'static Location<'static>) {
    if len > 0 && emit::recording() {
        if is_out_of_reach(address, len) {
            // No recorded access can lie there, so no order is missing.
            return emit::lose_access();
        }
        // Relaxed: one counter, whose order is all that is asked for. A free
        // draws its place before the block goes back to the allocator, an
        // alloc after it came from there, so places agree with real time.
        let place = LIVES.fetch_add(1, Ordering::Relaxed);
        let event = Event::new(kind, NONE, site).stamp(place);
        emit::sync(event.number(address as u64).extra(len as u64));
    }
}
