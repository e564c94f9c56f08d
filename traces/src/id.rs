//! Identifiers, and the address space of locations.

/// A thread: one sequential strand with its own program order.
///
/// Dense within a [`Trace`](crate::trace::Trace): the first thread is 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ThreadId(pub u32);

/// What a synchronisation event acts on: a lock, a channel, an atomic, a
/// named variable of an imported trace.
///
/// Dense within a [`Trace`](crate::trace::Trace).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ObjectId(pub u32);

/// A place in the source. Opaque: compare it, and resolve it with
/// [`Trace::site`](crate::trace::Trace::site) when something is printed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SiteId(pub u32);

impl SiteId {
    /// The site is not known.
    pub const UNKNOWN: SiteId = SiteId(0);
}

impl ThreadId {
    /// The id as an index into tables of threads.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl ObjectId {
    /// The id as an index into tables of objects.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A range of bytes that an access touches.
///
/// Addresses below 2^47 are memory of the recorded process. Bit 47 marks the
/// *object space*: bytes of an object that is known by identity and not by
/// address (a recorded cell or atomic, a named variable of a text trace), so
/// that memory which is freed and used again is never taken for the old one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Location {
    /// First byte.
    pub start: u64,
    /// Number of bytes, at least 1.
    pub len: u64,
}

impl Location {
    /// Marks addresses of the object space.
    pub const OBJECT_SPACE: u64 = 1 << 47;
    /// Bytes of the object space that belong to one object.
    pub const OBJECT_BYTES: u64 = 1 << 15;

    /// `len` bytes of `object`, clamped to what the object space holds.
    #[must_use]
    pub fn of_object(object: ObjectId, len: u64) -> Location {
        let start = Location::OBJECT_SPACE | u64::from(object.0) << 15;
        Location {
            start,
            len: len.clamp(1, Location::OBJECT_BYTES),
        }
    }

    /// The object that this location belongs to, if it is in the object space.
    #[must_use]
    pub fn object(self) -> Option<ObjectId> {
        let id = (self.start & (Location::OBJECT_SPACE - 1)) >> 15;
        (self.start & Location::OBJECT_SPACE != 0).then_some(ObjectId(id as u32))
    }

    /// One past the last byte.
    #[must_use]
    pub fn end(self) -> u64 {
        self.start.saturating_add(self.len)
    }

    /// Whether the two share a byte.
    #[must_use]
    pub fn overlaps(self, other: Location) -> bool {
        self.start < other.end() && other.start < self.end()
    }
}
