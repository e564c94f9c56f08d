//! A whole trace in memory, from whatever source.
//!
//! Sync events and tables are held; plain accesses of a `.trace` file stay in
//! the mapping and are decoded each time they are walked.

use std::ops::Range;
use std::path::PathBuf;

use crate::error::Error;
pub use crate::event::Slice;
use crate::event::{Access, AccessKind, NONE, SyncEvent};
use crate::id::{Location, ObjectId, SiteId, ThreadId};
use crate::kind::{Effect, Kind};
use crate::mapped::MappedAccesses;
pub use crate::object::ObjectKind;
pub use crate::recording::{ShortPool, WhoRecords};

/// Where a trace came from and how whole it is.
#[derive(Clone, Debug, Default)]
pub struct Info {
    /// The file.
    pub file: PathBuf,
    /// `trace` or `text`.
    pub format: &'static str,
    /// It was a text: names, versions and messages stand as the text told
    /// them.
    pub imported: bool,
    /// Program and arguments of the recorded process.
    pub arguments: Vec<String>,
    /// CPUs of the machine that recorded, 0 if unknown.
    pub cpus: u32,
    /// Process id, 0 if unknown.
    pub pid: u32,
    /// Start of the recording, nanoseconds of UTC since 1970; 0 if unknown.
    pub start_utc_ns: u64,
    /// First and last time, in nanoseconds since the trace's start; `None`
    /// where the trace has no time.
    pub time: Option<(u64, u64)>,
    /// The recorder closed the trace itself.
    pub complete: bool,
    /// Events that were recorded are missing: the file is cut or damaged, or
    /// was still recorded into when it was read.
    pub truncated: bool,
    /// The file ends before what was handed out of it.
    pub cut: bool,
    /// Bytes of the trace, packed or not; 0 of a text.
    pub file_len: u64,
    /// Bytes of the file that it is packed in, if it is.
    pub packed_len: Option<u64>,
    /// It is a flight recording: of what happened first much may be gone.
    pub flight: bool,
    /// Nanoseconds since the trace's start from which on verdicts hold, where
    /// that is not its beginning.
    pub verdicts_from: Option<u64>,
    /// Likewise, up to which they hold, where that is not its end.
    pub verdicts_to: Option<u64>,
    /// Events that the recorder counted as lost.
    pub lost_events: u64,
    /// Sync events among them: verdicts may be unsound from the first on.
    pub lost_sync_events: u64,
    /// CPU time of the recorder's helper thread, in nanoseconds.
    pub helper_ns: u64,
    /// Milliseconds that threads waited for room.
    pub waited_ms: u32,
    /// Chunks that the helper had not made ready when they were drawn.
    pub chunks_behind: u32,
    /// Object files whose code sites name by its address, by their paths.
    pub modules: Vec<Module>,
    /// The pool of a flight recording that is smaller than it was to be.
    pub short_pool: Option<ShortPool>,
    /// Whether its process still records it.
    pub who_records: WhoRecords,
    /// What a person should know about the trace, one sentence each.
    pub warnings: Vec<String>,
}

/// A thread's labels.
#[derive(Clone, Debug, Default)]
pub struct Thread {
    /// Unique name, as shown.
    pub name: String,
    /// Id the OS gave it, 0 if unknown.
    pub os_id: u32,
    /// Whether the recorder did not see its creation although others' it did:
    /// findings that rest on the thread's order are qualified.
    pub foreign: bool,
}

/// An object.
#[derive(Clone, Debug)]
pub struct Object {
    /// Unique among objects of its namespace, as shown.
    pub name: String,
    /// What it is.
    pub kind: ObjectKind,
    /// Where it was created.
    pub site: SiteId,
    /// For atomics and cells: its bytes.
    pub location: Option<Location>,
}

/// A resolved place in the source.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Site {
    /// As reports show it: `path:line:column`, the third field of a text
    /// trace, or `?`.
    pub text: String,
    /// Source file, if known.
    pub file: Option<String>,
    /// Line, from 1, if known.
    pub line: Option<u32>,
    /// Column, from 1, if known.
    pub column: Option<u32>,
    /// Functions that the place is in, where known: the innermost first, then
    /// those that it was inlined into.
    pub frames: Vec<Frame>,
}

/// A function of a site.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Frame {
    /// Its name, as a person reads it.
    pub function: String,
    /// The place in it, as reports show it.
    pub place: String,
}

/// An object file whose code sites name by its address, as `path+0xaddress`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// Its path, as the loader of the recorded process told it.
    pub path: String,
    /// Its build id in hexadecimal digits; empty if it has none.
    pub build_id: String,
}

/// Where a thread's accesses are.
#[derive(Debug)]
pub enum AccessStream {
    /// In memory, from an imported trace. Positions are indices.
    Owned(Vec<Access>),
    /// In the mapped file. Positions are words.
    Mapped(MappedAccesses),
}

impl AccessStream {
    /// The position of the first access.
    #[must_use]
    pub fn start(&self) -> u64 {
        match self {
            AccessStream::Owned(_) => 0,
            AccessStream::Mapped(mapped) => mapped.start(),
        }
    }

    /// The position behind the last access.
    #[must_use]
    pub fn end(&self) -> u64 {
        match self {
            AccessStream::Owned(accesses) => accesses.len() as u64,
            AccessStream::Mapped(mapped) => mapped.end(),
        }
    }

    /// How many accesses there are. Positions of a mapped stream are words,
    /// so there it walks them all (some tenths of a nanosecond each).
    #[must_use]
    pub fn count(&self) -> u64 {
        match self {
            AccessStream::Owned(accesses) => accesses.len() as u64,
            AccessStream::Mapped(mapped) => mapped.count(),
        }
    }

    /// Walks the accesses at positions `range`, each with its position.
    pub fn walk(&self, range: Range<u64>, mut visit: impl FnMut(u64, Access)) {
        match self {
            AccessStream::Owned(accesses) => {
                let range = range.start as usize..range.end as usize;
                let run = accesses.get(range.clone()).unwrap_or_default();
                for (position, access) in range.zip(run) {
                    visit(position as u64, *access);
                }
            }
            AccessStream::Mapped(mapped) => mapped.walk(range, visit),
        }
    }
}

/// A thread's two streams.
#[derive(Debug)]
pub struct Stream {
    /// Sync events in program order.
    pub sync: Vec<SyncEvent>,
    /// Plain accesses in program order.
    pub accesses: AccessStream,
    /// Runs of accesses, where the observed order is known; otherwise empty.
    pub slices: Vec<Slice>,
    /// How many of the sync events, the last ones, lie where others may be
    /// missing. They order what they order, but are no accesses, and what they
    /// take is not held against anybody.
    pub beyond: usize,
}

/// One step of the replayed order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// A run of accesses of one thread, all between the same two sync events.
    Accesses {
        /// Whose.
        thread: ThreadId,
        /// Position of the first.
        from: u64,
        /// Position behind the last.
        to: u64,
    },
    /// A sync event.
    Sync {
        /// Whose.
        thread: ThreadId,
        /// Index into [`Stream::sync`].
        index: u32,
    },
}

/// A trace: tables, streams, and (once replayed) the order of steps.
#[derive(Debug)]
pub struct Trace {
    /// Where it came from and how whole it is.
    pub info: Info,
    /// By [`ThreadId`].
    pub threads: Vec<Thread>,
    /// By [`ObjectId`].
    pub objects: Vec<Object>,
    /// Resolved sites, sorted by id. Sites that are missing are unresolved.
    pub sites: Vec<(SiteId, Site)>,
    /// By [`ThreadId`].
    pub streams: Vec<Stream>,
    /// One lawful order of all events, made by [`replay`](crate::replay::replay).
    pub steps: Vec<Step>,
}

impl Trace {
    /// The sync event of a step.
    #[must_use]
    pub fn sync(&self, thread: ThreadId, index: u32) -> &SyncEvent {
        &self.streams[thread.index()].sync[index as usize]
    }

    /// Walks the accesses at positions `range` of `thread`'s stream, each with
    /// its position.
    pub fn accesses(&self, thread: ThreadId, range: Range<u64>, visit: impl FnMut(u64, Access)) {
        self.streams[thread.index()].accesses.walk(range, visit);
    }

    /// Whether everything that was walked so far could be read. Accesses of a
    /// packed trace are unpacked when they are walked, and those of a damaged
    /// block read as none: ask when done, before an answer is given.
    ///
    /// # Errors
    /// If a block of a packed trace was damaged.
    pub fn check_read(&self) -> Result<(), Error> {
        self.streams
            .iter()
            .try_for_each(|stream| match &stream.accesses {
                AccessStream::Owned(_) => Ok(()),
                AccessStream::Mapped(mapped) => mapped.check(&self.info.file),
            })
    }

    /// The access to memory that a sync event makes itself, if it makes one
    /// that can be compared with others: atomic operations and frees.
    #[must_use]
    pub fn access_of(&self, thread: ThreadId, index: u32) -> Option<Access> {
        if self.is_beyond(thread, index) {
            return None;
        }
        let event = self.sync(thread, index);
        let kind = event
            .kind
            .effects()
            .iter()
            .find_map(|effect| match effect {
                Effect::AtomicLoad => Some(AccessKind::AtomicRead),
                Effect::AtomicStore | Effect::AtomicRmw => Some(AccessKind::AtomicWrite),
                Effect::Free => Some(AccessKind::Free),
                _ => None,
            })?;
        let location = self.location_of(event)?;
        Some(Access {
            location,
            kind,
            site: event.site,
            time: event.time,
        })
    }

    /// Whether a sync event lies where others may be missing.
    #[must_use]
    pub fn is_beyond(&self, thread: ThreadId, index: u32) -> bool {
        let stream = &self.streams[thread.index()];
        index as usize + stream.beyond >= stream.sync.len()
    }

    /// The bytes that an atomic operation, allocation or free is about.
    #[must_use]
    pub fn location_of(&self, event: &SyncEvent) -> Option<Location> {
        if matches!(event.kind, Kind::Alloc | Kind::Free) {
            return Some(Location {
                start: event.number,
                len: event.extra.max(1),
            });
        }
        self.objects.get(event.object as usize)?.location
    }

    /// The lock that an event takes or drops.
    #[must_use]
    pub fn lock_of(event: &SyncEvent) -> ObjectId {
        ObjectId(if event.kind.lock_is_other() {
            event.other
        } else {
            event.object
        })
    }

    /// The thread whose hold an event ends: its own, unless `rel(l,T)` names
    /// another.
    #[must_use]
    pub fn holder_of(event: &SyncEvent, thread: ThreadId) -> ThreadId {
        if event.kind == Kind::Rel && event.other != NONE {
            ThreadId(event.other)
        } else {
            thread
        }
    }

    /// The resolved site, or `None` where nothing is known but the id.
    #[must_use]
    pub fn site(&self, site: SiteId) -> Option<&Site> {
        let at = self.sites.binary_search_by_key(&site, |(id, _)| *id).ok()?;
        Some(&self.sites[at].1)
    }

    /// The site as reports show it; `?` where it is unknown.
    #[must_use]
    pub fn site_text(&self, site: SiteId) -> &str {
        self.site(site).map_or("?", |site| &site.text)
    }

    /// The functions that a site is in, the innermost first; empty where they
    /// are unknown.
    #[must_use]
    pub fn frames(&self, site: SiteId) -> &[Frame] {
        self.site(site).map_or(&[], |site| &site.frames)
    }

    /// The location as reports show it: the name of the object that it is or
    /// lies in, or `0xADDRESS:LENGTH`.
    #[must_use]
    pub fn location_text(&self, location: Location) -> String {
        let object = location
            .object()
            .and_then(|id| self.objects.get(id.index()));
        match object {
            Some(object) => object.name.clone(),
            None => format!("{:#x}:{}", location.start, location.len),
        }
    }

    /// Sync events of all threads.
    #[must_use]
    pub fn sync_events(&self) -> u64 {
        self.streams
            .iter()
            .map(|stream| stream.sync.len() as u64)
            .sum()
    }
}
