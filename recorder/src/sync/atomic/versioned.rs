//! A value and its version, which move together.
//!
//! One 16-byte atomic holds the value in its low half and the version in its
//! high half; every write is a compare-exchange that also advances the
//! version. So a version names one write for good, an operation knows exactly
//! which write it read from, and nothing has to be inferred from times. The
//! version counts also while nothing is recorded, so a session that starts
//! later finds it exact.
//!
//! **The slot.** A reference that `get_mut` hands out has to point at a plain
//! value, and a pointer given to a `const` constructor can't be turned into
//! bits. So the value of one version, `slot_version`, stands in a slot of the
//! value's own type: of version 0 at first, of the current one after a
//! `get_mut`. The slot only changes through `&mut`.
//!
//! **Order.** A write is recorded as pending before the exchange and completed
//! with its version after it, so that a file cut in between holds no acquire
//! without its release. A load is recorded after it. A compare-exchange
//! becomes pending only once it has seen the value it wants; if it then loses
//! to another thread, its event becomes a load.

use std::panic::Location as Place;
use std::sync::atomic::Ordering;

use hbtrace_traces::id::{Location, ObjectId};
use hbtrace_traces::kind::Kind;
use hbtrace_traces::object::ObjectKind;
use portable_atomic::AtomicU128;

use super::order::{check_failure, check_load, check_store, recorded};
use crate::emit::{self, Event, Pending};
use crate::object::Object;

/// A place for a plain value, and how its type becomes bits.
pub(super) trait Slot {
    /// The value.
    type Value: Copy;
    /// The value in the slot.
    fn value(&self) -> Self::Value;
    /// The slot, to write to.
    fn place(&mut self) -> &mut Self::Value;
    /// The value as bits.
    fn to_bits(value: Self::Value) -> u64;
    /// The value of these bits.
    fn from_bits(bits: u64) -> Self::Value;
}

/// An atomic value of 8 bytes at most, with its version and its identity.
pub(super) struct Versioned<S> {
    wide: AtomicU128,
    slot: S,
    slot_version: u64,
    object: Object,
}

const fn version_of(wide: u128) -> u64 {
    (wide >> 64) as u64
}

fn join(bits: u64, version: u64) -> u128 {
    u128::from(version) << 64 | u128::from(bits)
}

impl<S> Versioned<S> {
    /// Version 0 is what the slot holds.
    #[track_caller]
    pub(super) const fn new(slot: S) -> Versioned<S> {
        Versioned {
            wide: AtomicU128::new(0),
            slot,
            slot_version: 0,
            object: Object::new(),
        }
    }
}

/// The last value, at the end of an atomic's life.
pub(super) enum Last<S> {
    /// It stands in the slot.
    Slot(S),
    /// It has been written since.
    Bits(u64),
}

impl<S: Copy> Versioned<S> {
    /// The last value, for `const` functions, which can't call a [`Slot`].
    pub(super) const fn into_parts(self) -> Last<S> {
        let wide = self.wide.into_inner();
        if version_of(wide) == self.slot_version {
            Last::Slot(self.slot)
        } else {
            Last::Bits(wide as u64)
        }
    }
}

impl<S: Slot> Versioned<S> {
    const LEN: u64 = size_of::<S::Value>() as u64;

    fn id(&self) -> u32 {
        self.object.id_sized(ObjectKind::Atomic, Self::LEN)
    }

    /// Gives the atomic a name.
    pub(super) fn name(&self, name: &str) {
        self.object.name_sized(ObjectKind::Atomic, Self::LEN, name);
    }

    fn value(&self, wide: u128) -> S::Value {
        if version_of(wide) == self.slot_version {
            self.slot.value()
        } else {
            S::from_bits(wide as u64)
        }
    }

    /// The value, without recording that anybody looked.
    pub(super) fn peek(&self) -> S::Value {
        // Relaxed: for printing and for owners, who need no order.
        self.value(self.wide.load(Ordering::Relaxed))
    }

    #[track_caller]
    #[inline]
    pub(super) fn load(&self, order: Ordering) -> S::Value {
        check_load(order);
        let wide = self.wide.load(order);
        self.record_load(wide, order, Place::caller());
        self.value(wide)
    }

    #[inline]
    fn record_load(&self, wide: u128, order: Ordering, site: &'static Place<'static>) {
        if emit::recording() {
            let event = Event::new(Kind::Load, self.id(), site);
            emit::sync(event.order(recorded(order)).number(version_of(wide)));
        }
    }

    fn pending(
        &self,
        kind: Kind,
        order: Ordering,
        site: &'static Place<'static>,
    ) -> Option<Pending> {
        emit::recording()
            .then(|| emit::pending(Event::new(kind, self.id(), site).order(recorded(order))))
    }

    #[track_caller]
    #[inline]
    pub(super) fn store(&self, value: S::Value, order: Ordering) {
        check_store(order);
        self.write(Kind::Store, order, Place::caller(), |_| value);
    }

    /// Replaces the value by what `next` makes of it, and returns what it was.
    #[track_caller]
    #[inline]
    pub(super) fn modify(&self, order: Ordering, next: impl Fn(S::Value) -> S::Value) -> S::Value {
        self.write(Kind::Rmw, order, Place::caller(), next)
    }

    #[inline]
    fn write(
        &self,
        kind: Kind,
        order: Ordering,
        site: &'static Place<'static>,
        next: impl Fn(S::Value) -> S::Value,
    ) -> S::Value {
        let pending = self.pending(kind, order, site);
        // Relaxed: a first guess, the exchange decides.
        let mut seen = self.wide.load(Ordering::Relaxed);
        loop {
            let old = self.value(seen);
            let version = version_of(seen) + 1;
            let new = join(S::to_bits(next(old)), version);
            // `order` is the caller's; a failed round reads nothing that is
            // used but as the next guess.
            match self
                .wide
                .compare_exchange_weak(seen, new, order, Ordering::Relaxed)
            {
                Ok(_) => {
                    if let Some(pending) = pending {
                        pending.complete(version);
                    }
                    return old;
                }
                Err(now) => seen = now,
            }
        }
    }

    /// Compare-exchange. It never fails spuriously, so it is the weak one too.
    #[track_caller]
    pub(super) fn compare_exchange(
        &self,
        current: S::Value,
        new: S::Value,
        success: Ordering,
        failure: Ordering,
    ) -> Result<S::Value, S::Value> {
        check_failure(failure);
        let site = Place::caller();
        let (current, new) = (S::to_bits(current), S::to_bits(new));
        let mut pending = None;
        // `failure`: this may be the load that a failed exchange is.
        let mut seen = self.wide.load(failure);
        loop {
            let old = self.value(seen);
            let version = version_of(seen);
            if S::to_bits(old) != current {
                match pending {
                    Some(pending) => complete_failed(pending, failure, version),
                    None => self.record_load(seen, failure, site),
                }
                return Err(old);
            }
            pending = pending.or_else(|| self.pending(Kind::Rmw, success, site));
            let wide = join(new, version + 1);
            match self
                .wide
                .compare_exchange_weak(seen, wide, success, failure)
            {
                Ok(_) => {
                    if let Some(pending) = pending {
                        pending.complete(version + 1);
                    }
                    return Ok(old);
                }
                Err(now) => seen = now,
            }
        }
    }

    /// The value itself, for an owner: recorded as a plain write.
    #[track_caller]
    pub(super) fn get_mut(&mut self) -> &mut S::Value {
        if emit::recording() {
            let location = Location::of_object(ObjectId(self.id()), Self::LEN);
            emit::access(true, location.start, location.len, Place::caller());
        }
        let wide = *self.wide.get_mut();
        *self.slot.place() = self.value(wide);
        self.slot_version = version_of(wide);
        self.slot.place()
    }
}

fn complete_failed(pending: Pending, failure: Ordering, version: u64) {
    pending.complete_as(Kind::Load, recorded(failure), version);
}
