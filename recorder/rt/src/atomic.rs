//! Atomic operations, as compilers tell them: instead of the operation,
//! `__tsan_atomic32_load(address, order)` and its like, which make it.
//!
//! Operation and [version](crate::versions) are one step; what is recorded of
//! it, and when, is as the recorder's own atomics do it.

use std::ffi::c_int;
use std::sync::atomic::Ordering;

use hbtrace_recorder::raw::{self, Place, atomic};
use hbtrace_traces::event::MemoryOrder;
use hbtrace_traces::kind::Kind;
use hbtrace_traces::object::ObjectKind;

use crate::inside;
use crate::record::active;
use crate::versions::{self, Key};
use crate::width::Width;

/// The order as the trace names it; C's numbers, with flags above them.
#[inline(always)]
fn recorded(order: c_int) -> MemoryOrder {
    match order & 7 {
        0 => MemoryOrder::Relaxed,
        // Consume is acquire.
        1 | 2 => MemoryOrder::Acquire,
        3 => MemoryOrder::Release,
        4 => MemoryOrder::AcqRel,
        _ => MemoryOrder::SeqCst,
    }
}

/// The order for a store itself. Everything else is made sequentially
/// consistent, which on x86-64 is what it is anyway.
#[inline(always)]
fn storing(order: c_int) -> Ordering {
    match recorded(order) {
        MemoryOrder::SeqCst => Ordering::SeqCst,
        _ => Ordering::Release,
    }
}

/// Whether operations of this thread are recorded now. Below a signal handler
/// that came at a bad time they are not, and count as lost.
#[inline(always)]
fn is_recorded() -> bool {
    if !active() {
        return false;
    }
    if versions::is_holding() {
        atomic::lose();
        return false;
    }
    true
}

#[inline(always)]
fn key_of<T>(at: *const T) -> Key {
    Key::new(at.addr(), size_of::<T>())
}

/// The atomic's object, which is drawn for a new one.
#[inline(always)]
fn object_of<T>(at: *const T, place: Place) -> Option<u32> {
    versions::object_of(key_of(at)).or_else(|| new_object(at.addr(), size_of::<T>(), place))
}

#[cold]
#[inline(never)]
fn new_object(address: usize, len: usize, place: Place) -> Option<u32> {
    let _inside = inside::enter();
    let object = raw::object(ObjectKind::Atomic, address, len, place);
    if object == hbtrace_traces::event::NONE {
        return None;
    }
    versions::know(Key::new(address, len), object)
}

/// An operation that writes.
#[inline(always)]
pub(crate) fn write<T, R>(
    kind: Kind,
    at: *const T,
    order: c_int,
    back: usize,
    operation: impl FnOnce() -> R,
) -> R {
    if !is_recorded() {
        return operation();
    }
    let place = Place::of_call(back);
    let Some(object) = object_of(at, place) else {
        atomic::lose();
        return operation();
    };
    let write = atomic::Write::begin(kind, recorded(order), object, place);
    let (result, version) = versions::write(key_of(at), object, || (operation(), true));
    match version {
        Some(version) => write.complete(version),
        None => write.lose(),
    }
    result
}

pub(crate) unsafe extern "C" fn load<T: Width>(at: *mut T, order: c_int, back: usize) -> T {
    // SAFETY: as the caller promises.
    let operation = || unsafe { T::load(at) };
    if !is_recorded() {
        return operation();
    }
    let place = Place::of_call(back);
    let known = versions::read(key_of(at), operation);
    let known = known.or_else(|| {
        new_object(at.addr(), size_of::<T>(), place)?;
        versions::read(key_of(at), operation)
    });
    let Some((value, object, version)) = known else {
        atomic::lose();
        return operation();
    };
    atomic::load(recorded(order), object, version, place);
    value
}

pub(crate) unsafe extern "C" fn store<T: Width>(at: *mut T, value: T, order: c_int, back: usize) {
    // SAFETY: as the caller promises.
    let operation = || unsafe { T::store(at, value, storing(order)) };
    write(Kind::Store, at, order, back, operation);
}

macro_rules! modifications {
    ($($name:ident)*) => {$(
        pub(crate) unsafe extern "C" fn $name<T: Width>(
            at: *mut T,
            value: T,
            order: c_int,
            back: usize,
        ) -> T {
            // SAFETY: as the caller promises.
            let operation = || unsafe { T::$name(at, value) };
            write(Kind::Rmw, at, order, back, operation)
        }
    )*};
}

modifications! { exchange fetch_add fetch_sub fetch_and fetch_or fetch_xor fetch_nand }

/// A compare-exchange, which never fails spuriously.
#[inline(always)]
unsafe fn compare_exchange<T: Width>(
    at: *mut T,
    [current, new]: [T; 2],
    [success, failure]: [c_int; 2],
    back: usize,
) -> Result<T, T> {
    // SAFETY: as the caller promises.
    let operation = || unsafe { T::compare_exchange(at, current, new) };
    if !is_recorded() {
        return operation();
    }
    let place = Place::of_call(back);
    let Some(object) = object_of(at, place) else {
        atomic::lose();
        return operation();
    };
    // SAFETY: as the caller promises.
    let seen = versions::read(key_of(at), || unsafe { T::load(at) });
    if let Some((value, object, version)) = seen
        && value != current
    {
        atomic::load(recorded(failure), object, version, place);
        return Err(value);
    }
    let write = atomic::Write::begin(Kind::Rmw, recorded(success), object, place);
    let (result, version) = versions::write(key_of(at), object, || {
        let result = operation();
        (result, result.is_ok())
    });
    match version {
        Some(version) if result.is_ok() => write.complete(version),
        Some(version) => write.complete_as_load(recorded(failure), version),
        None => write.lose(),
    }
    result
}

pub(crate) unsafe extern "C" fn exchange_if<T: Width>(
    at: *mut T,
    expected: *mut T,
    new: T,
    success: c_int,
    failure: c_int,
    back: usize,
) -> c_int {
    // SAFETY: as the caller promises; `expected` is the caller's own.
    let result = unsafe { compare_exchange(at, [expected.read(), new], [success, failure], back) };
    match result {
        Ok(_) => 1,
        Err(value) => {
            // SAFETY: as above.
            unsafe { expected.write(value) };
            0
        }
    }
}

pub(crate) unsafe extern "C" fn exchange_if_value<T: Width>(
    at: *mut T,
    current: T,
    new: T,
    success: c_int,
    failure: c_int,
    back: usize,
) -> T {
    // SAFETY: as the caller promises.
    let result = unsafe { compare_exchange(at, [current, new], [success, failure], back) };
    result.unwrap_or_else(|value| value)
}

/// As [`exchange_if`], of sixteen bytes: there is no register left for a sixth
/// argument, so the orders come in one, eight bits each.
pub(crate) unsafe extern "C" fn exchange_wide_if(
    at: *mut u128,
    expected: *mut u128,
    new: u128,
    orders: c_int,
    back: usize,
) -> c_int {
    // SAFETY: as the caller promises.
    unsafe { exchange_if(at, expected, new, orders, orders >> 8, back) }
}

/// As [`exchange_if_value`], likewise.
pub(crate) unsafe extern "C" fn exchange_wide_if_value(
    at: *mut u128,
    current: u128,
    new: u128,
    orders: c_int,
    back: usize,
) -> u128 {
    // SAFETY: as the caller promises.
    unsafe { exchange_if_value(at, current, new, orders, orders >> 8, back) }
}

pub(crate) unsafe extern "C" fn thread_fence(order: c_int, back: usize) {
    // SeqCst: at least as strong as what was asked for.
    std::sync::atomic::fence(Ordering::SeqCst);
    // A relaxed one is none.
    if order & 7 != 0 && active() {
        atomic::fence(recorded(order), Place::of_call(back));
    }
}
