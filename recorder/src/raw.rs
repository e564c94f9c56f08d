//! The recorder below its mirrors: for frontends that record programs which
//! were not written against this crate, known by addresses.
//!
//! This is the door that the mirrors go through themselves; whoever uses it
//! keeps its promises: a number is drawn from the object as
//! [`hbtrace_traces::kind`] says, a release is told *before* others can see it
//! and an acquire *after* it, with the object's order between the two exact.
//! Nothing here is stable between versions.
#![allow(unsafe_code)] // A cursor that the frontend keeps.

use hbtrace_traces::event::NONE;
use hbtrace_traces::format::table::Record;
use hbtrace_traces::kind::Kind;
use hbtrace_traces::object::ObjectKind;

use crate::emit;
use crate::event;
use crate::memory;
use crate::object;
use crate::site;
use crate::writer;

pub mod atomic;

/// A place in the program, by the address of its code.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Place(site::Place);

impl Place {
    /// The call that returns to `address`.
    #[inline(always)]
    #[must_use]
    pub fn of_call(address: usize) -> Place {
        // Within the call, whose line may be another than the next one's.
        Place(site::Place::code(address.wrapping_sub(1)))
    }
}

/// Whether there is something to say now. The first call decides whether the
/// process records.
#[inline(always)]
#[must_use]
pub fn recording() -> bool {
    emit::recording()
}

/// Whether this thread is within the recorder, where nothing that it does is to
/// be told: it allocates and locks there as any other code.
#[inline(always)]
#[must_use]
pub fn is_inside() -> bool {
    writer::is_inside()
}

/// This thread reads or writes `len` bytes, at least one, at `address`.
#[inline(always)]
pub fn access(write: bool, address: usize, len: usize, place: Place) {
    memory::access(write, address, len, place.0);
}

/// What this thread writes with, for [`access_at`]: the same for all its life,
/// and never 0.
#[must_use]
pub fn cursor() -> usize {
    writer::cursor().expose_provenance()
}

/// As [`access`], of one of the lengths that a word holds, if that is the usual
/// case. `false`: nothing was done, and `access` is to be called.
///
/// # Safety
/// `cursor` is 0 or this thread's [`cursor`].
#[inline(always)]
#[must_use]
pub unsafe fn access_at(
    cursor: usize,
    write: bool,
    address: usize,
    len: usize,
    place: Place,
) -> bool {
    if cursor == 0 || address >> 47 != 0 {
        return false;
    }
    let cursor = std::ptr::with_exposed_provenance(cursor);
    // SAFETY: as the caller promises.
    unsafe { writer::access_at(cursor, write, address as u64, len as u64, place.0) }
}

/// A block of `len` bytes at `address` is born. Call it after the allocation.
pub fn alloc(address: usize, len: usize, place: Place) {
    memory::life(Kind::Alloc, address, len, place.0);
}

/// The life of a block ends, which counts as a write of all of it. Call it
/// before the deallocation.
pub fn free(address: usize, len: usize, place: Place) {
    memory::life(Kind::Free, address, len, place.0);
}

/// Draws the id of a new object, and tells of it. `len` is not 0 for an atomic,
/// whose bytes are at `address`. Without a session: [`NONE`].
#[must_use]
pub fn object(kind: ObjectKind, address: usize, len: usize, place: Place) -> u32 {
    let drawn = writer::quietly(|shared| {
        object::draw(|object| {
            let _ = shared.announce(&Record::Object {
                object,
                kind: kind as u8,
                name: None,
                site: shared.site(place.0),
                len: len as u64,
                address: if len == 0 { 0 } else { address as u64 },
            });
        })
    });
    drawn.unwrap_or(NONE)
}

/// A synchronisation event to be told. What its operands are is the matter of
/// [`hbtrace_traces::kind`].
#[derive(Clone, Copy)]
#[must_use]
pub struct Sync(event::Event);

impl Sync {
    /// An event of `object`, at `place`.
    #[inline]
    pub fn new(kind: Kind, object: u32, place: Place) -> Sync {
        Sync(event::Event::new(kind, object, place.0))
    }

    /// Its number among those of the object.
    #[inline]
    pub fn number(self, number: u64) -> Sync {
        Sync(self.0.number(number))
    }

    /// Its extra operand.
    #[inline]
    pub fn extra(self, extra: u64) -> Sync {
        Sync(self.0.extra(extra))
    }

    /// Its other object.
    #[inline]
    pub fn other(self, other: u32) -> Sync {
        Sync(self.0.other(other))
    }

    /// Whether it took the lock without waiting, by a `try`.
    #[inline]
    pub fn tried(self, tried: bool) -> Sync {
        Sync(self.0.tried(tried))
    }

    /// Whether it bears its time in any case: it waited, ended a wait, or
    /// might have.
    #[inline]
    pub fn timed(self, timed: bool) -> Sync {
        Sync(self.0.timed(timed))
    }

    /// Records it.
    #[inline]
    pub fn tell(self) {
        emit::sync(self.0);
    }
}

/// The id of a thread that is about to be created, for its `fork` and its
/// [`adopt`]. `None`: nothing is recorded.
#[must_use]
pub fn new_thread() -> Option<u32> {
    emit::recording().then(emit::new_thread).flatten()
}

/// Begins the recording of this new thread under the id that its parent drew.
pub fn adopt(thread: u32) {
    emit::adopt(thread);
}

/// This thread has got a name.
pub fn name_this_thread(name: &str) {
    writer::name(name);
}

/// A thread that was created as [`new_thread`] and runs has got a name.
pub fn name_thread(thread: u32, os_id: u32, name: &str) {
    writer::quietly(|shared| {
        let _ = shared.announce(&Record::Thread {
            thread,
            os_id,
            name: Some(name.to_owned()),
            foreign: false,
        });
    });
}

/// This thread's id in the trace, which begins its recording.
#[must_use]
pub fn thread() -> u32 {
    emit::thread()
}
