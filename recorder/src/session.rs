//! The one session of a process: how it is described, begins and ends.
//!
//! What it is about stands in `state` (whether it records) and `shared` (what
//! writers share).

use std::cell::Cell;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use hbtrace_traces::format::layout::{PAGE, flags, header};

use crate::error::{self, Error};
use crate::primitive::{Mutex, lock};
use crate::process::Watched;
use crate::settings::{self, Settings};
use crate::shared::{self, Shared};
use crate::space::{self, Space};
use crate::state::{self, OFF, ON, UNDECIDED};
use crate::sync::atomic;
use crate::{copies, output, process, series, snapshot, ticks, writer};

static DECISION: Mutex<()> = Mutex::new(());

thread_local! {
    /// This thread is deciding: what it does for that (an allocator that is
    /// itself built from mirrors) is not recorded.
    static DECIDING: Cell<bool> = const { Cell::new(false) };
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
    if state::now() != UNDECIDED {
        return state::now();
    }
    let out =
        std::env::var_os("HBTRACE_OUT").filter(|out| !out.is_empty() && !process::is_privileged());
    let Some(out) = out else {
        state::set(OFF);
        return OFF;
    };
    if let Err(error) = begin(&Settings::of(Path::new(&out))) {
        state::set(OFF);
        error::tell(&format!("{error}; the program goes on unrecorded"));
    }
    state::now()
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
        self.0.overrule(&settings::TIME);
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
        self.0.overrule(&settings::FLIGHT);
        if self.0.triggers.rotate.is_some() {
            // It only lacked this.
            self.0.overrule(&settings::ROTATE);
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
        self.0.overrule(&settings::FULL);
        self
    }

    /// Takes a snapshot beside the recording at each of these signals, as
    /// `HBTRACE_SNAPSHOT_SIGNAL=USR2` does: a number such as `libc::SIGUSR2`.
    /// Some signals can't be (those that are faults, or can't be handled); the
    /// recording is then refused.
    pub fn snapshot_signal(mut self, signal: i32) -> Builder {
        self.0.overrule(&settings::SIGNAL);
        self.0.snapshot_signal(&signal.to_string(), true);
        self
    }

    /// Takes a snapshot beside the recording when a thread panics, as
    /// `HBTRACE_SNAPSHOT_PANIC=1` does.
    pub fn snapshot_on_panic(mut self, on: bool) -> Builder {
        self.0.triggers.panic = on;
        self.0.overrule(&settings::PANIC);
        self
    }

    /// Copies a flight recording into a new file each time half of its pool has
    /// been written anew, as `HBTRACE_ROTATE` does, and keeps the last `keep` of
    /// them: `run.000001.trace` and so on. Nothing for a stream, or for 0.
    pub fn rotate(mut self, keep: u32) -> Builder {
        self.0.triggers.rotate = (keep > 0).then_some(keep);
        self.0.overrule(&settings::ROTATE);
        self
    }

    /// How many snapshots signals and panics take at most, and how many stay,
    /// those of earlier processes among them; 16 if not said;
    /// `HBTRACE_SNAPSHOTS`.
    pub fn snapshots(mut self, most: u32) -> Builder {
        self.0.triggers.most = most;
        self.0.overrule(&settings::SNAPSHOTS);
        self
    }

    /// How many recordings of crashed processes stay beside a new one, 4 if not
    /// said; `HBTRACE_CRASHES`. With 0 a start replaces what a crash left.
    pub fn crashes(mut self, most: u32) -> Builder {
        self.0.crashes = most;
        self.0.overrule(&settings::CRASHES);
        self
    }

    /// Whether the recorder says nothing on stderr, as `HBTRACE_QUIET=1` does.
    /// What it would say is in the trace as well, or is the [`Error`] that
    /// [`start`](Builder::start) returns.
    pub fn quiet(mut self, quiet: bool) -> Builder {
        self.0.quiet = quiet;
        self.0.overrule(&settings::QUIET);
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
        match state::now() {
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
        shared::get().map_or(Path::new(""), |shared| shared.path())
    }

    /// Ends the recording and closes the file. A process can't record again.
    pub fn stop(self) {
        finish();
    }
}

/// Sets up the session. The caller holds the decision.
fn begin(settings: &Settings) -> Result<(), Error> {
    error::be_quiet(settings.quiet);
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
    let (file, path) = output::open(&settings.path, settings.crashes).map_err(failed)?;
    series::remove_drafts(&path);
    let metadata = file.metadata().map_err(failed)?;
    let identity = (metadata.dev(), metadata.ino());
    let space = Space::new(file, settings).map_err(|error| {
        // It is empty, and locked until here: nobody else's.
        let _ = std::fs::remove_file(&path);
        failed(error)
    })?;
    tell_short_pool(&space, settings);
    let header = space.header();
    let start = ticks::Start::now();
    header.set_u64(header::ALLOCATED, PAGE as u64);
    header.begin(&start, flags_of(settings));
    if let Some(shared) = shared::set(Shared::new(settings.time_all, space, start, path)) {
        process::watch(Watched {
            file: shared.space().file().as_raw_fd(),
            identity,
            finish,
            leave,
        });
        space::start_helper(shared.space());
        state::set(ON);
        let mut triggers = settings.triggers;
        triggers.rotate = triggers.rotate.filter(|_| settings.flight.is_some());
        snapshot::arm(triggers);
    }
    Ok(())
}

/// A pool that can't be as large as it was to be.
fn tell_short_pool(space: &Space, settings: &Settings) {
    let got = space.pool_bytes();
    if let Some(asked) = settings.flight.filter(|asked| got < *asked) {
        let (path, bound) = (settings.path.display(), space.bound());
        error::tell(&format!(
            "the pool in {path} gets {got} of {asked} bytes: {bound}; the recording goes on with it"
        ));
    }
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
    if let Some(shared) = shared::get().filter(|_| state::stop()) {
        shared.finish();
    }
}

/// A forked child has its parent's mappings and must not write there.
fn leave() {
    state::set(OFF);
    writer::shut();
}
