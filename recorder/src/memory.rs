//! Memory that a program tells of: plain accesses, and lives of blocks.
//!
//! [`UnsafeCell`](crate::cell::UnsafeCell) and [`Tracked`](crate::cell::Tracked)
//! are known by identity; what is told here is known by its address.
//!
//! An access costs about as many instructions as storing its eight bytes asks
//! for, and [`accesses`] tells several for one look at the thread's cursor: tell
//! those of one straight run of code together.

use std::fmt;
use std::panic::Location;

use hbtrace_traces::event::NONE;
use hbtrace_traces::id as trace;
use hbtrace_traces::kind::Kind;

use crate::emit::{self, Event};
use crate::primitive::{AtomicU64, Ordering};
use crate::site::Place;
use crate::writer;

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
pub(crate) fn access(write: bool, address: usize, len: usize, site: impl Into<Place>) {
    if len == 0 || emit::is_off() {
        return;
    }
    if is_out_of_reach(address, len) {
        return emit::lose_access();
    }
    emit::access(write, address as u64, len as u64, site);
}

/// Whether bytes reach beyond the addresses that a trace can hold: AArch64
/// gives a process more, and they would pass for bytes of objects.
#[inline]
fn is_out_of_reach(address: usize, len: usize) -> bool {
    address.saturating_add(len) as u64 > trace::Location::OBJECT_SPACE
}

/// This thread reads the value, which is passed on.
///
/// ```
/// let shared = 1_u64;
/// let value = *hbtrace_recorder::reading(&shared);
/// # assert_eq!(value, 1);
/// ```
#[track_caller]
#[inline(always)]
pub fn reading<T: ?Sized>(value: &T) -> &T {
    referred(false, value, Location::caller());
    value
}

/// This thread writes the value, which is passed on.
///
/// ```
/// let mut shared = 1_u64;
/// *hbtrace_recorder::writing(&mut shared) = 2;
/// # assert_eq!(shared, 2);
/// ```
#[track_caller]
#[inline(always)]
pub fn writing<T: ?Sized>(value: &mut T) -> &mut T {
    referred(true, value, Location::caller());
    value
}

/// An access through a reference, which is never out of reach on x86-64.
#[inline(always)]
fn referred<T: ?Sized>(write: bool, value: &T, site: &'static Location<'static>) {
    let (address, len) = (std::ptr::from_ref(value).addr(), size_of_val(value));
    if cfg!(target_arch = "x86_64") && len > 0 {
        emit::access(write, address as u64, len as u64, site);
    } else {
        access(write, address, len, site);
    }
}

/// One of several accesses for [`accesses`].
#[derive(Clone, Copy)]
pub struct Access(writer::Access);

impl Access {
    /// A read of the value.
    #[track_caller]
    #[inline(always)]
    #[must_use]
    pub fn read<T: ?Sized>(value: &T) -> Access {
        Access::new(false, value, Location::caller())
    }

    /// A write of the value.
    #[track_caller]
    #[inline(always)]
    #[must_use]
    pub fn write<T: ?Sized>(value: &mut T) -> Access {
        Access::new(true, value, Location::caller())
    }

    #[inline(always)]
    fn new<T: ?Sized>(write: bool, value: &T, place: &'static Location<'static>) -> Access {
        Access(writer::Access {
            write,
            address: std::ptr::from_ref(value).addr() as u64,
            len: size_of_val(value) as u64,
            place: place.into(),
        })
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").finish_non_exhaustive()
    }
}

/// This thread makes these accesses, in this order and with no synchronisation
/// between them.
///
/// ```
/// use hbtrace_recorder::{Access, accesses};
///
/// let (source, mut sum) = ([1, 2], 0);
/// accesses([
///     Access::read(&source[0]),
///     Access::read(&source[1]),
///     Access::write(&mut sum),
/// ]);
/// sum = source[0] + source[1];
/// # assert_eq!(sum, 3);
/// ```
#[inline(always)]
pub fn accesses<const N: usize>(told: [Access; N]) {
    if emit::is_off() {
        return;
    }
    if cfg!(target_arch = "x86_64") && writer::accesses(&told.map(|access| access.0)) {
        return;
    }
    for Access(told) in told {
        access(
            told.write,
            told.address as usize,
            told.len as usize,
            told.place,
        );
    }
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

pub(crate) fn life(kind: Kind, address: usize, len: usize, site: impl Into<Place>) {
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
