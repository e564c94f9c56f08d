//! A value and its version, which move together.
//!
//! Every write advances the version of what it replaces by one, in the same
//! step. So a version names one write for good, an operation knows exactly
//! which write it read from, and nothing has to be inferred from times. How
//! the two move as one is the matter of [`Narrow`](super::narrow::Narrow) (up
//! to four bytes) and [`Wide`](super::wide::Wide) (eight bytes and pointers);
//! what is recorded of it is told here.
//!
//! **Order.** A write is recorded as pending before it is made and completed
//! with its version after it, so that a file cut in between holds no acquire
//! without its release. A load is recorded after it. A compare-exchange
//! becomes pending only once it has seen the value it wants; if it then loses
//! to another thread, its event becomes a load.

use std::panic::Location as Place;
use std::sync::atomic::Ordering;

use hbtrace_traces::id::{Location, ObjectId};
use hbtrace_traces::kind::Kind;
use hbtrace_traces::object::ObjectKind;

use super::native::{Native, is_off};
use super::order::recorded;
use crate::emit::{self, Pending};
use crate::object::Object;

type Value<V> = <<V as Versioned>::Native as Native>::Value;
type Site = &'static Place<'static>;

/// A value that moves together with its version.
pub(super) trait Versioned {
    /// Std's atomic of the value, which stands in the same place.
    type Native: Native;
    /// Value and version as an operation found them.
    type Seen: Copy;

    fn native(&self) -> &Self::Native;
    fn native_mut(&mut self) -> &mut Self::Native;
    fn object(&self) -> &Object;
    /// The value's bits.
    fn bits(seen: Self::Seen) -> u64;
    /// What may stand there: a guess for [`replace`](Versioned::replace).
    fn glance(&self) -> Self::Seen;
    /// What stands there, and its version.
    fn read(&self, order: Ordering) -> (Self::Seen, u64);
    /// The version of what was seen, asked for right behind it; `None` if that
    /// was too long ago.
    fn version(&self, seen: Self::Seen) -> Option<u64>;
    /// Writes `bits` if `seen` stands there, and tells the version that it
    /// wrote (`None`: it can't know); else what stands there.
    fn replace(
        &self,
        seen: Self::Seen,
        bits: u64,
        order: Ordering,
    ) -> Result<Option<u64>, Self::Seen>;

    /// Replaces the value by what `next` makes of its bits. Returns the bits
    /// before and the version written.
    #[inline]
    fn update(&self, order: Ordering, next: impl Fn(u64) -> u64) -> (u64, Option<u64>) {
        let mut seen = self.glance();
        loop {
            let old = Self::bits(seen);
            match self.replace(seen, next(old), order) {
                Ok(version) => return (old, version),
                Err(now) => seen = now,
            }
        }
    }

    /// Adds to the value's bits, wrapping around.
    #[inline]
    fn add(&self, by: u64, order: Ordering) -> (u64, Option<u64>) {
        self.update(order, |old| old.wrapping_add(by))
    }
}

/// What the mirrors do with a [`Versioned`].
pub(super) trait Recorded: Versioned {
    const LEN: u64 = size_of::<Value<Self>>() as u64;

    fn id(&self) -> u32 {
        self.object().id_sized(ObjectKind::Atomic, Self::LEN)
    }

    /// Gives the atomic a name.
    fn name(&self, name: &str) {
        self.object()
            .name_sized(ObjectKind::Atomic, Self::LEN, name);
    }

    /// The value, without recording that anybody looked.
    fn peek(&self) -> Value<Self> {
        let bits = match is_off() {
            // Relaxed: for printing, which needs no order.
            true => self.native().bits(Ordering::Relaxed),
            false => Self::bits(self.glance()),
        };
        Self::Native::from_bits(bits)
    }

    #[inline]
    fn load(&self, order: Ordering, site: Site) -> Value<Self> {
        let (seen, version) = self.read(order);
        self.record_load(version, order, site);
        Self::Native::from_bits(Self::bits(seen))
    }

    #[inline]
    fn record_load(&self, version: u64, order: Ordering, site: Site) {
        if emit::recording() {
            emit::quick(Kind::Load, recorded(order), self.id(), version, site);
        }
    }

    #[inline]
    fn pending(&self, kind: Kind, order: Ordering, site: Site) -> Option<Pending> {
        emit::recording().then(|| emit::pending(kind, recorded(order), self.id(), site))
    }

    #[inline]
    fn store(&self, value: Value<Self>, order: Ordering, site: Site) {
        let pending = self.pending(Kind::Store, order, site);
        let bits = Self::Native::to_bits(value);
        complete(pending, self.update(order, |_| bits).1);
    }

    /// Replaces the value by what `next` makes of it, and returns what it was.
    #[inline]
    fn modify(
        &self,
        order: Ordering,
        site: Site,
        next: impl Fn(Value<Self>) -> Value<Self>,
    ) -> Value<Self> {
        let pending = self.pending(Kind::Rmw, order, site);
        let next = |bits| Self::Native::to_bits(next(Self::Native::from_bits(bits)));
        let (old, version) = self.update(order, next);
        complete(pending, version);
        Self::Native::from_bits(old)
    }

    /// Adds `by`, wrapping around, and returns the value before.
    #[inline]
    fn fetch_add(&self, by: Value<Self>, order: Ordering, site: Site) -> Value<Self> {
        let pending = self.pending(Kind::Rmw, order, site);
        let (old, version) = self.add(Self::Native::to_bits(by), order);
        complete(pending, version);
        Self::Native::from_bits(old)
    }

    /// Compare-exchange. It never fails spuriously, so it is the weak one too.
    fn compare_exchange(
        &self,
        current: Value<Self>,
        new: Value<Self>,
        orders: (Ordering, Ordering),
        site: Site,
    ) -> Result<Value<Self>, Value<Self>> {
        let (success, failure) = orders;
        let (current, new) = (Self::Native::to_bits(current), Self::Native::to_bits(new));
        let mut pending = None;
        loop {
            // `failure`: this is the load that a failed exchange is.
            let (seen, version) = self.read(failure);
            let old = Self::bits(seen);
            if old != current {
                match pending {
                    Some(pending) => complete_failed(pending, failure, version),
                    None => self.record_load(version, failure, site),
                }
                return Err(Self::Native::from_bits(old));
            }
            pending = pending.or_else(|| self.pending(Kind::Rmw, success, site));
            if let Ok(version) = self.replace(seen, new, success) {
                complete(pending, version);
                return Ok(Self::Native::from_bits(old));
            }
        }
    }

    /// The value itself, for an owner: recorded as a plain write.
    #[track_caller]
    fn get_mut(&mut self) -> &mut Value<Self> {
        if emit::recording() {
            let location = Location::of_object(ObjectId(self.id()), Self::LEN);
            emit::access(true, location.start, location.len, Place::caller());
        }
        self.native_mut().value_mut()
    }
}

impl<V: Versioned> Recorded for V {}

/// Completes a write with its version. Where that can't be known, the event
/// stays pending, and is lost as far as what comes behind it goes.
#[inline]
fn complete(pending: Option<Pending>, version: Option<u64>) {
    let Some(pending) = pending else { return };
    match version {
        Some(version) => pending.complete(version),
        None => emit::lose_sync(),
    }
}

fn complete_failed(pending: Pending, failure: Ordering, version: u64) {
    pending.complete_as(Kind::Load, recorded(failure), version);
}
