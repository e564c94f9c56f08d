//! One recorded step of one thread.
//!
//! A thread has two streams: its *synchronisation events* ([`SyncEvent`]),
//! and its plain *accesses* ([`Access`]). A sync event says how far the access
//! stream had come, so that the two can be walked together, and so that the
//! happens-before pass never has to look at accesses. Atomic operations, frees
//! and allocations are sync events that also touch memory.

use crate::id::{Location, ObjectId, SiteId, ThreadId};
use crate::kind::{Effect, Gate, Kind, Operands};

/// "This event has no number": an operation whose number was never completed,
/// because the process died within it, or one that bears none.
pub const NO_NUMBER: u64 = u64::MAX;

/// "This event has no time."
pub const NO_TIME: u64 = u64::MAX;

/// "There is no such operand" in [`SyncEvent::object`] and [`SyncEvent::other`].
pub const NONE: u32 = u32::MAX;

/// Memory ordering of an atomic operation or fence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[repr(u8)]
pub enum MemoryOrder {
    /// No ordering of its own.
    #[default]
    Relaxed = 0,
    /// Acquire (and consume).
    Acquire = 1,
    /// Release.
    Release = 2,
    /// Both.
    AcqRel = 3,
    /// Both, and part of the single total order.
    SeqCst = 4,
}

impl MemoryOrder {
    /// All orderings, by number.
    pub const ALL: [MemoryOrder; 5] = [
        MemoryOrder::Relaxed,
        MemoryOrder::Acquire,
        MemoryOrder::Release,
        MemoryOrder::AcqRel,
        MemoryOrder::SeqCst,
    ];

    /// Whether a load of this ordering acquires.
    #[must_use]
    pub fn acquires(self) -> bool {
        matches!(
            self,
            MemoryOrder::Acquire | MemoryOrder::AcqRel | MemoryOrder::SeqCst
        )
    }

    /// Whether a store of this ordering releases.
    #[must_use]
    pub fn releases(self) -> bool {
        matches!(
            self,
            MemoryOrder::Release | MemoryOrder::AcqRel | MemoryOrder::SeqCst
        )
    }

    /// The name in text traces.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            MemoryOrder::Relaxed => "relaxed",
            MemoryOrder::Acquire => "acquire",
            MemoryOrder::Release => "release",
            MemoryOrder::AcqRel => "acqrel",
            MemoryOrder::SeqCst => "seqcst",
        }
    }
}

/// A synchronisation event.
///
/// What `object`, `other`, `number` and `extra` mean depends on the kind and
/// is told by its row in [`kind`](crate::kind). Text traces are numbered by
/// their importer exactly as the recorder numbers events, so that everything
/// behind reading sees one form only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SyncEvent {
    /// What happened.
    pub kind: Kind,
    /// Ordering of an atomic operation or fence.
    pub order: MemoryOrder,
    /// The acquisition could not have blocked (`try_lock`).
    pub tried: bool,
    /// What it acts on: an [`ObjectId`] or a [`ThreadId`], or [`NONE`].
    pub object: u32,
    /// The second operand, or [`NONE`].
    pub other: u32,
    /// Where in the source.
    pub site: SiteId,
    /// Hold, message, generation, version or count; see the kind's row.
    pub number: u64,
    /// A second number; see the kind's row.
    pub extra: u64,
    /// Nanoseconds since the trace's start, or [`NO_TIME`].
    pub time: u64,
    /// Position in the thread's access stream: accesses before it precede
    /// this event in program order, those from it on follow.
    pub accesses: u64,
    /// Place in the observed order of an imported trace, 0 where only objects
    /// order events.
    pub stamp: u64,
}

impl SyncEvent {
    /// An event of `kind` with nothing filled in.
    #[must_use]
    pub fn new(kind: Kind) -> SyncEvent {
        SyncEvent {
            kind,
            order: MemoryOrder::Relaxed,
            tried: false,
            object: NONE,
            other: NONE,
            site: SiteId::UNKNOWN,
            number: NO_NUMBER,
            extra: NO_NUMBER,
            time: NO_TIME,
            accesses: 0,
            stamp: 0,
        }
    }

    /// What it does, in this order: [`Kind::effects`], or nothing at all if it
    /// is [void](SyncEvent::is_void). This is what analyses ask.
    #[must_use]
    pub fn effects(&self) -> &'static [Effect] {
        if self.is_void() {
            &[]
        } else {
            self.kind.effects()
        }
    }

    /// What orders it among the events of its object; nothing if it is
    /// [void](SyncEvent::is_void).
    #[must_use]
    pub fn gate(&self) -> Gate {
        if self.is_void() {
            Gate::None
        } else {
            self.kind.gate()
        }
    }

    /// Whether it stands in the trace without consequence: an inner pair of a
    /// re-entrant lock, a send that was taken back, an event whose partner was
    /// lost before a cut. It is one of a kind that is numbered, and has no
    /// number. (A pending atomic has none either, and still counts.)
    #[must_use]
    pub fn is_void(&self) -> bool {
        let numbered = matches!(
            self.kind.gate(),
            Gate::Hold(_) | Gate::Count(_) | Gate::Park(_) | Gate::Send | Gate::Receive
        );
        numbered && self.number == NO_NUMBER
    }

    /// Whether it asks for the shared side of a lock: a request with `extra` 2.
    #[must_use]
    pub fn asks_shared(&self) -> bool {
        self.kind.operands() == Operands::Waitable && self.extra == 2
    }

    /// The object it acts on, for kinds whose operand is an object.
    #[must_use]
    pub fn object_id(&self) -> ObjectId {
        ObjectId(self.object)
    }

    /// The thread it acts on, for kinds whose operand is a thread.
    #[must_use]
    pub fn target_thread(&self) -> ThreadId {
        ThreadId(self.object)
    }
}

/// How an access touches memory.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum AccessKind {
    /// Atomic load, also of a failed compare-exchange.
    AtomicRead,
    /// Atomic store or read-modify-write.
    AtomicWrite,
    /// End of a heap block's life.
    Free,
    /// Plain read.
    Read,
    /// Plain write.
    Write,
}

impl AccessKind {
    /// The name in reports. Variants are ordered as their names sort.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            AccessKind::AtomicRead => "atomic read",
            AccessKind::AtomicWrite => "atomic write",
            AccessKind::Free => "free",
            AccessKind::Read => "read",
            AccessKind::Write => "write",
        }
    }

    /// Whether it changes the bytes (a free counts as a write of the block).
    #[must_use]
    pub fn writes(self) -> bool {
        matches!(
            self,
            AccessKind::AtomicWrite | AccessKind::Free | AccessKind::Write
        )
    }

    /// Whether it is atomic.
    #[must_use]
    pub fn is_atomic(self) -> bool {
        matches!(self, AccessKind::AtomicRead | AccessKind::AtomicWrite)
    }
}

/// An access to memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Access {
    /// Bytes touched.
    pub location: Location,
    /// How.
    pub kind: AccessKind,
    /// Where in the source.
    pub site: SiteId,
    /// Nanoseconds since the trace's start where an importer knew it, else
    /// [`NO_TIME`].
    pub time: u64,
}

/// A maximal run of a thread's accesses that stood together in the observed
/// order of an imported trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slice {
    /// Position of its first access in the thread's access stream.
    pub from: u64,
    /// Its place in the observed order.
    pub stamp: u64,
}
