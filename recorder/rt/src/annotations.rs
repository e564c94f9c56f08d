//! What programs tell of themselves, by the functions that ThreadSanitizer has
//! for it: locks of their own, other order, accesses that are not meant.
//!
//! Races that a program calls benign are reported all the same.

use std::ffi::{c_char, c_int, c_uint};

use hbtrace_recorder::raw::{self, Place, Sync};
use hbtrace_traces::kind::Kind;
use hbtrace_traces::object::ObjectKind;

use crate::call::with_caller;
use crate::objects::Objects;
use crate::record::{active, telling};
use crate::tls::{cursor, ignoring};

with_caller! {
    /// What was released to the address happens before what comes now.
    fn __tsan_acquire(at: usize) => acquire, "rsi";
    /// What came so far happens before what acquires the address later.
    fn __tsan_release(at: usize) => release, "rsi";
    /// As `__tsan_release`.
    fn AnnotateHappensBefore(file: *const c_char, line: c_int, at: usize) => before, "rcx";
    /// As `__tsan_acquire`.
    fn AnnotateHappensAfter(file: *const c_char, line: c_int, at: usize) => after, "rcx";
    /// The lock is about to be taken.
    fn __tsan_mutex_pre_lock(at: usize, flags: c_uint) => pre_lock, "rdx";
    /// It was, or not.
    fn __tsan_mutex_post_lock(at: usize, flags: c_uint, depth: c_int) => post_lock, "rcx";
    /// It is about to be let go. Tells how often it was held.
    fn __tsan_mutex_pre_unlock(at: usize, flags: c_uint) -> c_int => pre_unlock, "rdx";
    /// A lock of the program's own was taken.
    fn AnnotateRWLockAcquired(file: *const c_char, line: c_int, at: usize, write: usize)
        => acquired, "r8";
    /// It is about to be let go.
    fn AnnotateRWLockReleased(file: *const c_char, line: c_int, at: usize, write: usize)
        => released, "r8";
}

/// A point where order is made: its object, and how often it was released.
struct Token {
    id: u32,
    released: u64,
}

static TOKENS: Objects<Token> = Objects::new();

/// A lock of the program's own.
struct Lock {
    id: u32,
    /// Exclusive holds that have ended.
    ended: u64,
    /// How often its holder has taken it.
    depth: u32,
}

static LOCKS: Objects<Lock> = Objects::new();

fn token<R>(at: usize, place: Place, then: impl FnOnce(&mut Token) -> R) -> R {
    let make = || Token {
        id: raw::object(ObjectKind::Token, at, 0, place),
        released: 0,
    };
    TOKENS.with(at, make, then)
}

fn lock<R>(at: usize, place: Place, then: impl FnOnce(&mut Lock) -> R) -> R {
    let make = || Lock {
        id: raw::object(ObjectKind::RwLock, at, 0, place),
        ended: 0,
        depth: 0,
    };
    LOCKS.with(at, make, then)
}

extern "C" fn acquire(at: usize, back: usize) {
    if active() {
        telling(|| {
            let place = Place::of_call(back);
            let (id, seen) = token(at, place, |token| (token.id, token.released));
            Sync::new(Kind::Acquire, id, place).number(seen).tell();
        });
    }
}

extern "C" fn release(at: usize, back: usize) {
    if active() {
        let place = Place::of_call(back);
        let count = |token: &mut Token| {
            token.released += 1;
            let event = Sync::new(Kind::Release, token.id, place);
            // Before anybody can see the count.
            event.number(token.released).tell();
        };
        telling(|| token(at, place, count));
    }
}

extern "C" fn before(_: *const c_char, _: c_int, at: usize, back: usize) {
    release(at, back);
}

extern "C" fn after(_: *const c_char, _: c_int, at: usize, back: usize) {
    acquire(at, back);
}

/// Flags of ThreadSanitizer's interface.
const READ_LOCK: c_uint = 1 << 3;
const TRY_LOCK: c_uint = 1 << 4;
const TRY_LOCK_FAILED: c_uint = 1 << 5;
const RECURSIVE_LOCK: c_uint = 1 << 6;
const RECURSIVE_UNLOCK: c_uint = 1 << 7;

/// What the lock itself does until the other half is no access of the program.
extern "C" fn pre_lock(_at: usize, _flags: c_uint, _back: usize) {
    ignore(READS + WRITES);
}

extern "C" fn post_lock(at: usize, flags: c_uint, depth: c_int, back: usize) {
    heed(READS + WRITES);
    if flags & TRY_LOCK_FAILED == 0 {
        let depth = match flags & RECURSIVE_LOCK {
            0 => 1,
            _ => depth.max(1).cast_unsigned(),
        };
        take(
            at,
            flags & READ_LOCK == 0,
            flags & TRY_LOCK != 0,
            depth,
            back,
        );
    }
}

extern "C" fn pre_unlock(at: usize, flags: c_uint, back: usize) -> c_int {
    let all = flags & RECURSIVE_UNLOCK != 0;
    let depth = drop_hold(at, flags & READ_LOCK == 0, all, back);
    ignore(READS + WRITES);
    depth.cast_signed()
}

/// It was let go.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn __tsan_mutex_post_unlock(_at: usize, _flags: c_uint) {
    heed(READS + WRITES);
}

/// A lock is made.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn __tsan_mutex_create(_at: usize, _flags: c_uint) {}

/// A lock's life ends.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn __tsan_mutex_destroy(at: usize, _flags: c_uint) {
    if active() {
        telling(|| LOCKS.remove(at));
    }
}

extern "C" fn acquired(_: *const c_char, _: c_int, at: usize, write: usize, back: usize) {
    take(at, write != 0, false, 1, back);
}

extern "C" fn released(_: *const c_char, _: c_int, at: usize, write: usize, back: usize) {
    drop_hold(at, write != 0, false, back);
}

/// The lock was taken, `depth` times at once.
fn take(at: usize, write: bool, tried: bool, depth: u32, back: usize) {
    if active() {
        telling(|| begin(at, write, tried, depth, Place::of_call(back)));
    }
}

fn begin(at: usize, write: bool, tried: bool, depth: u32, place: Place) {
    let (id, ended, outermost) = lock(at, place, |lock| {
        let outermost = lock.depth == 0;
        lock.depth += if write { depth } else { 0 };
        (lock.id, lock.ended, outermost)
    });
    let kind = if write { Kind::Acq } else { Kind::ReadAcq };
    if outermost {
        let event = Sync::new(kind, id, place).number(ended);
        event.tried(tried).tell();
    }
}

/// The lock is let go, once or for good. Tells how many times at once.
fn drop_hold(at: usize, write: bool, all: bool, back: usize) -> u32 {
    if !active() {
        return 1;
    }
    let place = Place::of_call(back);
    let end = |lock: &mut Lock| {
        if !write {
            let event = Sync::new(Kind::ReadRel, lock.id, place);
            event.number(lock.ended).tell();
            return 1;
        }
        let times = if all { lock.depth.max(1) } else { 1 };
        if lock.depth == times {
            // Before anybody can see the count.
            let event = Sync::new(Kind::Rel, lock.id, place);
            event.number(lock.ended).tell();
            lock.ended += 1;
        }
        lock.depth = lock.depth.saturating_sub(times);
        times
    };
    telling(|| lock(at, place, end))
}

/// What is ignored, in the thread's word: how often each.
const READS: usize = 1;
const WRITES: usize = 1 << 32;

/// Accesses of this thread are not recorded from here on. Without the cursor,
/// each is looked at.
fn ignore(what: usize) {
    ignoring::set(ignoring::get().wrapping_add(what));
    cursor::set(0);
}

/// They are again.
fn heed(what: usize) {
    ignoring::set(ignoring::get().wrapping_sub(what));
}

/// Whether this thread's reads, or writes, are ignored now.
#[inline]
pub(crate) fn is_ignored(write: bool) -> bool {
    let ignored = ignoring::get();
    (if write {
        ignored >> 32
    } else {
        ignored & (WRITES - 1)
    }) != 0
}

/// Reads are not meant from here on.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn AnnotateIgnoreReadsBegin(_: *const c_char, _: c_int) {
    ignore(READS);
}

/// They are again.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn AnnotateIgnoreReadsEnd(_: *const c_char, _: c_int) {
    heed(READS);
}

/// Writes are not meant from here on.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn AnnotateIgnoreWritesBegin(_: *const c_char, _: c_int) {
    ignore(WRITES);
}

/// They are again.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn AnnotateIgnoreWritesEnd(_: *const c_char, _: c_int) {
    heed(WRITES);
}

/// What says nothing that is recorded. Registers that hold arguments are left
/// alone, however many there are.
macro_rules! nothing {
    ($($name:ident)*) => {$(
        /// Says nothing that is recorded.
        #[unsafe(no_mangle)]
        pub(crate) extern "C" fn $name() {}
    )*};
}

nothing! {
    __tsan_mutex_pre_signal __tsan_mutex_post_signal __tsan_mutex_pre_divert
    __tsan_mutex_post_divert AnnotateBenignRace AnnotateBenignRaceSized AnnotateRWLockCreate
    AnnotateRWLockCreateStatic AnnotateRWLockDestroy AnnotateThreadName AnnotateNewMemory
    AnnotateFlushState AnnotateNoOp AnnotateIgnoreSyncBegin AnnotateIgnoreSyncEnd
}
