//! The one session of a process: whether it records, and what writers share.
//!
//! # States
//!
//! `UNDECIDED` -> `ON` -> (`EXHAUSTED` ->) `STOPPED`, or `UNDECIDED` -> `OFF`.
//!
//! The first recorded operation, or a [`Builder`] before it, decides: whether a
//! process records is fixed before it uses its first mirror, so that every
//! number of every object counts from its beginning. A later start is refused.
//!
//! **Why an end is sound.** The state is one atomic that every event looks at
//! first. A thread that sees the end does not record its event, and whoever
//! acquires what that event releases sees the end too, since reading the state
//! came before the release. So what is recorded is closed under
//! happens-before: no event is there without all that happens before it. The
//! same holds for `EXHAUSTED`, which the first sync event that finds no room
//! sets: what is recorded until then can be relied upon, and what comes after
//! is counted.

use std::cell::Cell;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use hbtrace_traces::format::layout::{PAGE, StreamKind, flags, header};
use hbtrace_traces::format::table::Record;

use crate::chunk::Chunk;
use crate::error::Error;
use crate::header::Header;
use crate::primitive::{AtomicU8, AtomicU32, AtomicU64, Mutex, OnceLock, Ordering, lock};
use crate::process::Watched;
use crate::settings::{self, Settings};
use crate::site::{Place, Sites};
use crate::space::{self, Left, Space, Use};
use crate::sync::atomic;
use crate::table::Table;
use crate::{copies, output, process, snapshot, ticks, writer};

/// Not decided yet.
pub(crate) const UNDECIDED: u8 = 0;
/// Records.
pub(crate) const ON: u8 = 1;
/// A sync event found no room: only counts.
pub(crate) const EXHAUSTED: u8 = 2;
/// Records no more.
pub(crate) const STOPPED: u8 = 3;
/// Never records. As a signed number it is the one whose difference from [`ON`]
/// overflows, so that one comparison tells it from `ON` and from the rest.
pub(crate) const OFF: u8 = i8::MIN.cast_unsigned();

#[cfg(not(loom))]
static STATE: AtomicU8 = AtomicU8::new(UNDECIDED);
#[cfg(loom)]
loom::lazy_static! {
    /// One of each execution of a model.
    pub(crate) static ref STATE: AtomicU8 = AtomicU8::new(UNDECIDED);
}
static SHARED: OnceLock<Shared> = OnceLock::new();
static DECISION: Mutex<()> = Mutex::new(());

thread_local! {
    /// This thread is deciding: what it does for that (an allocator that is
    /// itself built from mirrors) is not recorded.
    static DECIDING: Cell<bool> = const { Cell::new(false) };
}

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
}

/// The state now.
#[inline]
pub(crate) fn state() -> u8 {
    // Relaxed: see the module's docs for what it does order.
    STATE.load(Ordering::Relaxed)
}

/// Whether the session is on; `None` where it never will be, in the same
/// comparison.
#[inline(always)]
pub(crate) fn is_on() -> Option<bool> {
    let (difference, off) = state().cast_signed().overflowing_sub(ON.cast_signed());
    (!off).then_some(difference == 0)
}

/// The session, if there is or was one.
#[inline]
pub(crate) fn shared() -> Option<&'static Shared> {
    SHARED.get()
}

/// Whether a session records, or did until it had no room.
pub(crate) fn is_live() -> bool {
    matches!(state(), ON | EXHAUSTED)
}

/// Decides from the environment, at the first recorded operation.
#[cold]
pub(crate) fn decide() -> u8 {
    if DECIDING.replace(true) {
        return OFF;
    }
    let state = from_environment();
    DECIDING.set(false);
    state
}

fn from_environment() -> u8 {
    let _deciding = lock(&DECISION);
    if state() != UNDECIDED {
        return state();
    }
    let out =
        std::env::var_os("HBTRACE_OUT").filter(|out| !out.is_empty() && !process::is_privileged());
    let Some(out) = out else {
        // Relaxed: nothing is published by it.
        STATE.store(OFF, Ordering::Relaxed);
        return OFF;
    };
    if let Err(error) = begin(&Settings::of(Path::new(&out))) {
        // Relaxed: as above.
        STATE.store(OFF, Ordering::Relaxed);
        tell(&format!("{error}; the program goes on unrecorded"));
    }
    state()
}

/// Says something on stderr.
pub(crate) fn tell(message: &str) {
    use std::io::Write;
    // There may be no stderr, which is no reason to panic.
    let _ = writeln!(std::io::stderr(), "hbtrace: {message}");
}

/// Begins to describe a recording into `path`. `%p` in it stands for the
/// process id.
///
/// # Examples
///
/// ```no_run
/// let session = hbtrace_recorder::record("run-%p.trace").start()?;
/// // ... the program ...
/// session.stop();
/// # Ok::<(), hbtrace_recorder::Error>(())
/// ```
pub fn record(path: impl AsRef<Path>) -> Builder {
    Builder(Settings::of(path.as_ref()))
}

/// A recording to be.
#[derive(Clone, Debug)]
#[must_use = "nothing is recorded before `start`"]
pub struct Builder(Settings);

impl Builder {
    /// Stamps every sync event with its time, as `HBTRACE_TIME=all` does, and
    /// not only those where a wait could be.
    pub fn time_all(mut self, all: bool) -> Builder {
        self.0.time_all = all;
        self.0.overrule(settings::TIME);
        self
    }

    /// The largest size that the file may have, in bytes. What does not fit is
    /// counted as lost.
    pub fn limit(mut self, bytes: u64) -> Builder {
        self.0.limit = bytes;
        self
    }

    /// Keeps the last moments only, as `HBTRACE_FLIGHT` does: events go to one
    /// pool of `bytes` in the file, the oldest making room for new ones. The
    /// pool is larger where many threads live at once (up to five chunks of
    /// 4 to 64 KiB each), and the names of sites and objects come on top.
    pub fn flight(mut self, bytes: u64) -> Builder {
        self.0.flight = Some(bytes);
        self.0.overrule(settings::FLIGHT);
        if self.0.triggers.rotate.is_some() {
            // It only lacked this.
            self.0.overrule(settings::ROTATE);
        }
        self
    }

    /// Whether to wait for room where the disk is full, as `HBTRACE_FULL=wait`
    /// does, and not to drop events at once. A thread waits for a tenth of a
    /// second at most, then none does for a second: the service loses a tenth
    /// of its time and not more. Nobody waits for room within a signal handler,
    /// to record a release, or where the file is as large as it may be.
    pub fn wait_for_room(mut self, wait: bool) -> Builder {
        self.0.wait = wait;
        self.0.overrule(settings::FULL);
        self
    }

    /// Takes a snapshot beside the recording at each of these signals, as
    /// `HBTRACE_SNAPSHOT_SIGNAL=USR2` does: a number such as `libc::SIGUSR2`.
    /// Some signals can't be (those that are faults, or can't be handled); the
    /// recording is then refused.
    pub fn snapshot_signal(mut self, signal: i32) -> Builder {
        self.0.overrule(settings::SIGNAL);
        self.0.snapshot_signal(&signal.to_string());
        self
    }

    /// Takes a snapshot beside the recording when a thread panics, as
    /// `HBTRACE_SNAPSHOT_PANIC=1` does.
    pub fn snapshot_on_panic(mut self, on: bool) -> Builder {
        self.0.triggers.panic = on;
        self.0.overrule(settings::PANIC);
        self
    }

    /// Copies a flight recording into a new file each time half of its pool has
    /// been written anew, as `HBTRACE_ROTATE` does, and keeps the last `keep` of
    /// them: `run.000001.trace` and so on. Nothing for a stream, or for 0.
    pub fn rotate(mut self, keep: u32) -> Builder {
        self.0.triggers.rotate = (keep > 0).then_some(keep);
        self.0.overrule(settings::ROTATE);
        self
    }

    /// How many snapshots signals and panics take at most, 16 if not said;
    /// `HBTRACE_SNAPSHOTS`.
    pub fn snapshots(mut self, most: u32) -> Builder {
        self.0.triggers.most = most;
        self.0.overrule(settings::MOST);
        self
    }

    /// Starts to record. This must come before the process first uses a
    /// mirror: at the beginning of `main`.
    ///
    /// Where a session runs from here on, `HBTRACE_OUT` is not looked at.
    ///
    /// # Errors
    /// If the file can't be made, if a session runs or ran already, or if a
    /// mirror has been used before ([`Error::is_late`]).
    pub fn start(self) -> Result<Session, Error> {
        // Before the lock: a handler must not wait for the thread it interrupts.
        if DECIDING.replace(true) {
            return Err(Error::late(self.0.path, false));
        }
        let begun = self.start_unless_decided();
        DECIDING.set(false);
        begun.map(|()| Session(()))
    }

    fn start_unless_decided(self) -> Result<(), Error> {
        let _deciding = lock(&DECISION);
        match state() {
            UNDECIDED => begin(&self.0),
            state => Err(Error::late(self.0.path, state != OFF)),
        }
    }
}

/// A session that runs. Dropping it changes nothing; the recording ends with
/// [`stop`](Session::stop) or with the process.
#[derive(Debug)]
pub struct Session(());

impl Session {
    /// The file that is recorded into.
    #[must_use]
    pub fn path(&self) -> &Path {
        shared().map_or(Path::new(""), |shared| &shared.path)
    }

    /// Ends the recording and closes the file. A process can't record again.
    pub fn stop(self) {
        finish();
    }
}

/// Sets up the session. The caller holds the decision.
fn begin(settings: &Settings) -> Result<(), Error> {
    let failed = |error| Error::file(settings.path.clone(), error);
    if !atomic::supported() {
        let why = "this machine has no 16-byte compare-exchange";
        return Err(failed(io::Error::new(io::ErrorKind::Unsupported, why)));
    }
    if let Some(wrong) = settings.wrong() {
        return Err(Error::setting(settings.path.clone(), wrong.clone()));
    }
    if copies::another_records() {
        return Err(failed(output::second_copy()));
    }
    let (file, path) = output::open(&settings.path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    let identity = (metadata.dev(), metadata.ino());
    let space = Space::new(file, settings).map_err(failed)?;
    let header = space.header();
    let start = ticks::Start::now();
    header.set_u64(header::ALLOCATED, PAGE as u64);
    header.begin(&start, flags_of(settings));
    let fresh = Shared {
        time_all: settings.time_all,
        space,
        tables: Table::new(),
        sites: Sites::new(),
        start,
        calibrated: AtomicU64::new(0),
        threads: AtomicU32::new(0),
        path,
    };
    if SHARED.set(fresh).is_ok()
        && let Some(shared) = shared()
    {
        process::watch(Watched {
            file: shared.space.file().as_raw_fd(),
            identity,
            finish,
            leave,
        });
        space::start_helper(&shared.space);
        // Release: with the acquire of `shared`, though that needs none.
        STATE.store(ON, Ordering::Release);
        let mut triggers = settings.triggers;
        triggers.rotate = triggers.rotate.filter(|_| settings.flight.is_some());
        snapshot::arm(triggers);
    }
    Ok(())
}

fn flags_of(settings: &Settings) -> u32 {
    let time_all = if settings.time_all {
        flags::TIME_ALL
    } else {
        0
    };
    let flight = settings.flight.map_or(0, |_| flags::FLIGHT);
    time_all | flight
}

/// Closes the trace: by `stop`, or at exit.
fn finish() {
    let Some(shared) = shared() else { return };
    if !stop() {
        return;
    }
    shared.header().calibrate(&shared.start);
    shared.header().set_u32(header::STATE, 1);
    shared.space.finish(100);
}

/// Whether this is the call that ends the session: not if it is stopped
/// already, nor in a child, which is not the session's process.
pub(crate) fn stop() -> bool {
    // Relaxed: see the module's docs.
    let stopped = STATE.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |state| {
        (state == ON || state == EXHAUSTED).then_some(STOPPED)
    });
    stopped.is_ok()
}

/// There was no room for a sync event: nothing more is recorded.
pub(crate) fn exhaust() {
    // Relaxed: see the module's docs. It changes nothing once stopped.
    let _ = STATE.compare_exchange(ON, EXHAUSTED, Ordering::Relaxed, Ordering::Relaxed);
}

/// A forked child has its parent's mappings and must not write there.
fn leave() {
    // Relaxed: the child has one thread, this one.
    STATE.store(OFF, Ordering::Relaxed);
    writer::shut();
}

impl Shared {
    /// Draws a chunk.
    pub(crate) fn draw(&self, size: usize, least: usize, purpose: Use) -> Option<Chunk> {
        let chunk = self.space.draw(size, least, purpose)?;
        self.calibrate();
        Some(chunk)
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

    /// The number of a place in the source.
    pub(crate) fn site(&self, place: Place) -> u32 {
        self.sites.number(place, |site| {
            let _ = self.announce(&Record::Site {
                site,
                file: place.file().to_owned(),
                line: place.line(),
                column: place.column(),
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

    /// There was no room for a sync event: nothing more is recorded.
    pub(crate) fn exhaust(&self) {
        exhaust();
    }
}
