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
//!
//! **The end.** Whether the session is on is looked at *behind* the operation:
//! a thread whose write was not recorded had seen the end before it, and so
//! does whoever acquires that write. What is recorded stays closed under
//! happens-before.

use std::panic::Location as Place;
use std::sync::atomic::Ordering;

use hbtrace_traces::format::words::{OBJECT_MASK, compact_kind};
use hbtrace_traces::id::{Location, ObjectId};
use hbtrace_traces::kind::Kind;
use hbtrace_traces::object::ObjectKind;

use super::native::{Native, is_off};
use super::order::recorded;
use crate::emit::{self, Brief, Pending};
use crate::object::Object;

pub(super) type Value<V> = <<V as Versioned>::Native as Native>::Value;
type Site = &'static Place<'static>;

/// A value that moves together with its version.
///
/// Its *tag* says how the object stands in a compact event, and what is to be
/// known before an operation about versions.
pub(super) trait Versioned {
    /// Std's atomic of the value, which stands in the same place.
    type Native: Native;
    /// Value and version as an operation found or left them.
    type Seen: Copy;

    fn native(&self) -> &Self::Native;
    fn native_mut(&mut self) -> &mut Self::Native;
    fn object(&self) -> &Object;
    /// The object's id is drawn.
    fn drawn(&self, id: u32);

    /// The tag, before an operation.
    fn tag(&self) -> u64;
    /// The object as the second word of a compact event holds it; `None` if it
    /// can't, or the versions can't.
    fn code(tag: u64) -> Option<u64>;
    /// The value's bits.
    fn bits(seen: Self::Seen) -> u64;
    /// What may stand there: a guess for [`replace`](Versioned::replace).
    fn glance(&self, tag: u64) -> Self::Seen;
    /// What stands there, so that its version is known; `None` if the tag is
    /// another one by now.
    fn read(&self, tag: u64, order: Ordering) -> Option<Self::Seen>;
    /// The same, whatever the tag.
    fn read_again(&self, order: Ordering) -> Self::Seen;
    /// Writes `bits` if `seen` stands there, and tells what stands there now.
    fn replace(
        &self,
        seen: Self::Seen,
        bits: u64,
        order: Ordering,
    ) -> Result<Self::Seen, Self::Seen>;

    /// What tells the atomic and the version that an atomic of this type was
    /// last seen at, if that was told by a compact event (see `writer/poll.rs`).
    fn marks(&self, seen: Self::Seen) -> [u64; 2];
    /// The value's bits now, and what the marks would be.
    fn poll(&self, order: Ordering) -> (u64, [u64; 2]);
    /// The version that was read.
    fn version(seen: Self::Seen) -> u64;
    /// The same as the second word of a compact event, if that can hold it.
    fn brief(&self, seen: Self::Seen) -> Option<u64>;
    /// The version that was written, asked for right behind that. `None` if the
    /// thread slept too long in between.
    fn written(&self, new: Self::Seen) -> Option<u64>;
    /// The same as the second word of a compact event, in the usual case.
    /// `code` is what the tag says.
    fn brief_written(&self, new: Self::Seen, code: u64) -> Option<u64>;

    /// Replaces the value by what `next` makes of its bits. Returns the bits
    /// before, and what was written.
    #[inline(always)]
    fn update(&self, tag: u64, order: Ordering, next: impl Fn(u64) -> u64) -> (u64, Self::Seen) {
        let mut seen = self.glance(tag);
        loop {
            let old = Self::bits(seen);
            match self.replace(seen, next(old), order) {
                Ok(new) => return (old, new),
                Err(now) => seen = now,
            }
        }
    }

    /// Adds to the value's bits, wrapping around.
    #[inline(always)]
    fn add(&self, tag: u64, order: Ordering, by: u64) -> (u64, Self::Seen) {
        self.update(tag, order, |old| old.wrapping_add(by))
    }
}

/// What the mirrors do with a [`Versioned`].
pub(super) trait Recorded: Versioned {
    const LEN: u64 = size_of::<Value<Self>>() as u64;

    fn id(&self) -> u32 {
        let id = self.object().id_sized(ObjectKind::Atomic, Self::LEN);
        self.drawn(id);
        id
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
            false => Self::bits(self.glance(self.tag())),
        };
        Self::Native::from_bits(bits)
    }

    #[inline(always)]
    fn load(&self, order: Ordering, site: Site) -> Value<Self> {
        let (bits, marks) = self.poll(order);
        if emit::is_polled(site.into(), recorded(order) as u8, marks) {
            return Self::Native::from_bits(bits);
        }
        let seen = self.read(self.tag(), order);
        let seen = seen.unwrap_or_else(|| self.read_again(order));
        self.loaded(seen, order, site);
        Self::Native::from_bits(Self::bits(seen))
    }

    #[inline(always)]
    fn loaded(&self, seen: Self::Seen, order: Ordering, site: Site) {
        let how = recorded(order);
        let kind = compact_kind(Kind::Load, how, false);
        let brief = self.brief(seen).filter(|_| emit::is_on());
        let marks = self.marks(seen);
        let tell = |second| emit::brief_load(kind, second, site.into(), how as u8, marks);
        if brief.and_then(tell).is_none() {
            self.loaded_full(seen, order, site);
        }
    }

    #[cold]
    #[inline(never)]
    fn loaded_full(&self, seen: Self::Seen, order: Ordering, site: Site) {
        if emit::recording() {
            let number = Self::version(seen);
            emit::quick(Kind::Load, recorded(order), self.id(), number, site);
        }
    }

    /// A write: records it before, makes it, completes what was recorded.
    /// Returns the bits before. `write` is done once.
    #[inline(always)]
    fn write(
        &self,
        kind: Kind,
        order: Ordering,
        site: Site,
        write: impl Fn(u64) -> (u64, Self::Seen),
    ) -> u64 {
        let tag = self.tag();
        let bits = compact_kind(kind, recorded(order), false);
        if let Some(code) = Self::code(tag)
            && let Some(brief) = emit::pending_brief(bits, code, site)
        {
            let (old, new) = write(tag);
            self.complete(brief, new, code);
            return old;
        }
        let pending = self.begin_full(kind, order, site);
        let (old, new) = write(self.tag());
        self.complete_full(pending, new);
        old
    }

    #[cold]
    #[inline(never)]
    fn begin_full(&self, kind: Kind, order: Ordering, site: Site) -> Pending {
        match emit::recording() {
            true => {
                let fits = Self::code(self.tag()).is_some();
                emit::pending(kind, recorded(order), self.id(), fits, site)
            }
            false => Pending::none(),
        }
    }

    #[inline(always)]
    fn complete(&self, brief: Brief, new: Self::Seen, code: u64) {
        let second = self.brief_written(new, code);
        match second.filter(|_| emit::is_on()) {
            Some(second) => brief.complete(second),
            None => self.complete_full(brief.into(), new),
        }
    }

    /// A write whose version can't be known stays pending, and counts as lost,
    /// so that nothing behind it is relied upon. One during which the session
    /// came to its end is completed all the same, as others may have read it;
    /// but it is the last that this thread records, for the write before it may
    /// be missing; readers leave it out then.
    #[cold]
    #[inline(never)]
    fn complete_full(&self, pending: Pending, new: Self::Seen) {
        match self.written(new) {
            _ if pending.is_none() => return,
            Some(version) => pending.complete(version),
            None => emit::lose_sync(),
        }
        // Shuts the fast path at the end.
        let _ = emit::recording();
    }

    #[inline(always)]
    fn store(&self, value: Value<Self>, order: Ordering, site: Site) {
        let bits = Self::Native::to_bits(value);
        self.write(Kind::Store, order, site, |tag| {
            self.update(tag, order, |_| bits)
        });
    }

    /// Replaces the value by what `next` makes of it, and returns what it was.
    #[inline(always)]
    fn modify(
        &self,
        order: Ordering,
        site: Site,
        next: impl Fn(Value<Self>) -> Value<Self>,
    ) -> Value<Self> {
        let next = |bits| Self::Native::to_bits(next(Self::Native::from_bits(bits)));
        let old = self.write(Kind::Rmw, order, site, |tag| self.update(tag, order, next));
        Self::Native::from_bits(old)
    }

    /// Adds `by`, wrapping around, and returns the value before.
    #[inline(always)]
    fn fetch_add(&self, by: Value<Self>, order: Ordering, site: Site) -> Value<Self> {
        let by = Self::Native::to_bits(by);
        let old = self.write(Kind::Rmw, order, site, |tag| self.add(tag, order, by));
        Self::Native::from_bits(old)
    }

    /// Compare-exchange, with the orders of success and failure. It never fails
    /// spuriously, so it is the weak one too.
    #[inline(always)]
    fn compare_exchange(
        &self,
        [current, new]: [Value<Self>; 2],
        [success, failure]: [Ordering; 2],
        site: Site,
    ) -> Result<Value<Self>, Value<Self>> {
        let [current, new] = [current, new].map(Self::Native::to_bits);
        let tag = self.tag();
        let mut begun = None;
        // `failure`: this is the load that a failed exchange is.
        if let Some(seen) = self.read(tag, failure) {
            let old = Self::bits(seen);
            if old != current {
                if !emit::is_polled(site.into(), recorded(failure) as u8, self.marks(seen)) {
                    self.loaded(seen, failure, site);
                }
                return Err(Self::Native::from_bits(old));
            }
            let kind = compact_kind(Kind::Rmw, recorded(success), false);
            if let Some(code) = Self::code(tag)
                && let Some(brief) = emit::pending_brief(kind, code, site)
            {
                if let Ok(new) = self.replace(seen, new, success) {
                    self.complete(brief, new, code);
                    return Ok(Self::Native::from_bits(old));
                }
                begun = Some(brief);
            }
        }
        self.exchange_full([current, new], [success, failure], site, begun)
            .map(Self::Native::from_bits)
            .map_err(Self::Native::from_bits)
    }

    /// The same with the values' bits, until no other thread comes between.
    #[cold]
    #[inline(never)]
    fn exchange_full(
        &self,
        [current, new]: [u64; 2],
        [success, failure]: [Ordering; 2],
        site: Site,
        begun: Option<Brief>,
    ) -> Result<u64, u64> {
        let mut begun = begun.map(Pending::from);
        loop {
            let seen = self.read_again(failure);
            let old = Self::bits(seen);
            if old != current {
                match begun {
                    // It became a load.
                    Some(pending) if emit::is_on() => {
                        pending.complete_as(Kind::Load, recorded(failure), Self::version(seen));
                    }
                    // Of a write that may not be recorded: it stays pending.
                    Some(_) => {
                        let _ = emit::recording();
                    }
                    None => self.loaded_full(seen, failure, site),
                }
                return Err(old);
            }
            let pending = begun.unwrap_or_else(|| self.begin_full(Kind::Rmw, success, site));
            match self.replace(seen, new, success) {
                Ok(new) => {
                    self.complete_full(pending, new);
                    return Ok(old);
                }
                Err(_) => begun = Some(pending),
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

/// An object's id as a compact event holds it, if it can.
#[inline(always)]
pub(super) fn code(drawn: u64) -> Option<u64> {
    (drawn.wrapping_sub(1) < OBJECT_MASK - 1).then_some(drawn)
}
