//! What a program tells the recorder itself.
//!
//! The mirrors see what goes through them. What does not (a foreign lock, a
//! queue of a C library, memory behind raw pointers, I/O) can be told here.
//! Everything in here does nothing where no session records.

use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;

use hbtrace_traces::kind::Kind;
use hbtrace_traces::object::ObjectKind;

use crate::emit::{self, Event};
use crate::label::label;
use crate::object::Object;
use crate::primitive::Mutex;

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
