//! What the writers of a session share.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use hbtrace_traces::format::layout::{StreamKind, header};
use hbtrace_traces::format::table::Record;

use crate::chunk::Chunk;
use crate::code;
use crate::header::Header;
use crate::notice;
use crate::primitive::{AtomicU8, AtomicU32, AtomicU64, OnceLock, Ordering};
use crate::site::{Place, Sites};
use crate::space::{Bound, Hold, Left, Space, Use};
use crate::table::Table;
use crate::ticks;

static SHARED: OnceLock<Shared> = OnceLock::new();

/// What the writers share.
pub(crate) struct Shared {
    pub(crate) time_all: bool,
    space: Space,
    tables: Table,
    sites: Sites,
    start: ticks::Start,
    /// Ticks when times were calibrated last.
    calibrated: AtomicU64,
    threads: AtomicU32,
    path: PathBuf,
    /// What was said of there being no room.
    said: AtomicU8,
}

/// There was room all the time.
const NOTHING: u8 = 0;
/// It was not said yet, as stderr took nothing.
const UNSAID: u8 = 1;
const SAID: u8 = 2;

/// The session, if there is or was one.
#[inline]
pub(crate) fn get() -> Option<&'static Shared> {
    SHARED.get()
}

/// Makes it the session of this process; `None` if there is one.
pub(crate) fn set(fresh: Shared) -> Option<&'static Shared> {
    SHARED.set(fresh).ok().and_then(|()| SHARED.get())
}

impl Shared {
    /// A session that begins at `start` and records into `space`, at `path`.
    pub(crate) fn new(time_all: bool, space: Space, start: ticks::Start, path: PathBuf) -> Shared {
        Shared {
            time_all,
            space,
            tables: Table::new(),
            sites: Sites::new(),
            start,
            calibrated: AtomicU64::new(0),
            threads: AtomicU32::new(0),
            path,
            said: AtomicU8::new(NOTHING),
        }
    }

    /// The space of its file.
    pub(crate) fn space(&self) -> &Space {
        &self.space
    }

    /// Closes the file.
    pub(crate) fn finish(&self) {
        self.header().calibrate(&self.start);
        self.header().set_u32(header::STATE, 1);
        // Relaxed: whoever stores it is the one that tells.
        let unsaid = self.said.load(Ordering::Relaxed) == UNSAID;
        if let Some(bound) = self.space.bound_at_end().filter(|_| unsaid) {
            self.say_full(bound);
        }
        self.space.finish(100);
    }

    /// Draws a chunk.
    pub(crate) fn draw(&self, size: usize, least: usize, purpose: Use) -> Option<Chunk> {
        let Some(chunk) = self.space.draw(size, least, purpose) else {
            self.tell_full();
            return None;
        };
        self.calibrate();
        Some(chunk)
    }

    /// There is no room: says so, once.
    #[cold]
    fn tell_full(&self) {
        // Relaxed: whoever changes it is the one that tells.
        let first =
            self.said
                .compare_exchange(NOTHING, UNSAID, Ordering::Relaxed, Ordering::Relaxed);
        if first.is_ok() && !self.space.is_closed() {
            self.say_full(self.space.bound());
        }
    }

    fn say_full(&self, bound: Bound) {
        let said = notice::say(format_args!(
            "no room for more in {}: {bound}; the program goes on, and what is not recorded is \
             counted (hbtrace info)",
            self.path.display(),
        ));
        if said {
            // Relaxed: as above.
            self.said.store(SAID, Ordering::Relaxed);
        }
    }

    /// Closes a chunk with `used` bytes of payload, and takes back what it did
    /// not need.
    pub(crate) fn close(&self, chunk: Chunk, used: usize) {
        self.space.close(chunk, used);
    }

    /// Stores what converts times, unless it was done a moment ago.
    fn calibrate(&self) {
        const MOMENT: u64 = 1 << 21;
        let now = ticks::now();
        // Relaxed: any thread's will do, and two do no harm.
        if now.wrapping_sub(self.calibrated.load(Ordering::Relaxed)) > MOMENT {
            self.calibrated.store(now, Ordering::Relaxed);
            self.header().calibrate(&self.start);
        }
    }

    /// Takes the chunk of a thread that ends, for another to go on in.
    pub(crate) fn leave(&self, stream: StreamKind, left: Left) {
        self.space.leave(stream, left);
    }

    /// A chunk that another thread has left.
    pub(crate) fn take_over(&self, stream: StreamKind) -> Option<Left> {
        self.space.take_over(stream)
    }

    /// The file that is recorded into.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of a flight recording's pool; 0 for a stream.
    pub(crate) fn pool_bytes(&self) -> u64 {
        self.space.pool_bytes()
    }

    /// Bytes drawn so far, those of a flight recording over and over.
    pub(crate) fn drawn(&self) -> u64 {
        self.space.drawn()
    }

    /// Keeps what had happened by `ticks` in a flight recording.
    pub(crate) fn hold(&self, ticks: u64) -> Hold<'_> {
        self.space.hold(ticks)
    }

    /// The file, to be read; by its path if the service has closed the
    /// descriptor.
    pub(crate) fn source(&self) -> io::Result<File> {
        self.space.source(&self.path)
    }

    /// Ticks and nanoseconds since the start, now.
    pub(crate) fn moment(&self) -> (u64, u64) {
        self.start.pair()
    }

    fn header(&self) -> &Header {
        self.space.header()
    }

    /// The id of a new thread.
    pub(crate) fn next_thread(&self) -> u32 {
        // Relaxed: only distinct.
        self.threads.fetch_add(1, Ordering::Relaxed)
    }

    /// Writes a table record. If it does not stay, returns when it was written,
    /// for [`has_passed`](Shared::has_passed).
    pub(crate) fn announce(&self, record: &Record) -> Option<u64> {
        let now = self.space.now();
        self.tables.append(record, &self.space).then_some(now)
    }

    /// Whether what was announced `then` is to be announced again.
    pub(crate) fn has_passed(&self, then: u64) -> bool {
        self.space.is_long_ago(then)
    }

    /// The number of a place.
    pub(crate) fn site(&self, place: Place) -> u32 {
        self.sites.number(place, |site| {
            let (file, line, column) = match place.as_source() {
                Some(source) => (source.file().to_owned(), source.line(), source.column()),
                None => {
                    let address = place.as_code().unwrap_or_default();
                    let file = code::name(address, |module| {
                        let _ = self.announce(module);
                    });
                    (file, 0, 0)
                }
            };
            let _ = self.announce(&Record::Site {
                site,
                file,
                line,
                column,
            });
        })
    }

    /// Counts a lost access.
    pub(crate) fn lose_access(&self) {
        self.header().add(header::LOST_ACCESSES, 1);
    }

    /// Counts a lost sync event, and since when there are such.
    pub(crate) fn lose_sync(&self) {
        self.header().set_first(header::LOST_FROM, ticks::now());
        self.header().add(header::LOST_SYNC, 1);
    }
}
