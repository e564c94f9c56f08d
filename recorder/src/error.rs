//! What can go wrong when a recording is started, or copied.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::primitive::{AtomicBool, Ordering};
use crate::settings::Wrong;

/// A recording could not be started, or a snapshot of it not be taken.
#[derive(Debug)]
pub struct Error {
    path: PathBuf,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    File(io::Error),
    Snapshot(io::Error),
    Setting(Wrong),
    Late,
    Again,
    NotRecording,
}

impl Error {
    pub(crate) fn file(path: PathBuf, error: io::Error) -> Error {
        Error {
            path,
            kind: Kind::File(error),
        }
    }

    pub(crate) fn snapshot(path: PathBuf, error: io::Error) -> Error {
        let kind = Kind::Snapshot(error);
        Error { path, kind }
    }

    pub(crate) fn setting(path: PathBuf, wrong: Wrong) -> Error {
        Error {
            path,
            kind: Kind::Setting(wrong),
        }
    }

    pub(crate) fn late(path: PathBuf, again: bool) -> Error {
        let kind = if again { Kind::Again } else { Kind::Late };
        Error { path, kind }
    }

    pub(crate) fn not_recording(path: PathBuf) -> Error {
        let kind = Kind::NotRecording;
        Error { path, kind }
    }

    /// There is no recording of which a snapshot could be taken.
    #[must_use]
    pub fn is_not_recording(&self) -> bool {
        matches!(self.kind, Kind::NotRecording)
    }

    /// Mirrors had been used before, so that orders made until then are not
    /// known.
    #[must_use]
    pub fn is_late(&self) -> bool {
        matches!(self.kind, Kind::Late)
    }

    /// The process records or has recorded already.
    #[must_use]
    pub fn is_second_session(&self) -> bool {
        matches!(self.kind, Kind::Again)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match &self.kind {
            Kind::Snapshot(_) | Kind::NotRecording => "take a snapshot",
            Kind::File(_) | Kind::Setting(_) | Kind::Late | Kind::Again => "record",
        };
        write!(f, "can't {what} into {}: ", self.path.display())?;
        match &self.kind {
            Kind::File(error) | Kind::Snapshot(error) => error.fmt(f),
            Kind::Setting(wrong) => wrong.fmt(f),
            Kind::Late => f.write_str(
                "recorded objects were used before; start at the beginning of main, \
                 or set HBTRACE_OUT",
            ),
            Kind::Again => f.write_str("a process can be recorded only once"),
            Kind::NotRecording => f.write_str("nothing is recorded, so there is nothing to copy"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            Kind::File(error) | Kind::Snapshot(error) => Some(error),
            Kind::Setting(_) | Kind::Late | Kind::Again | Kind::NotRecording => None,
        }
    }
}

/// Whether nothing is said.
static QUIET: AtomicBool = AtomicBool::new(false);

/// Says nothing from here on, or does.
pub(crate) fn be_quiet(quiet: bool) {
    // Relaxed: a choice that orders nothing.
    QUIET.store(quiet, Ordering::Relaxed);
}

/// Whether nothing is said.
pub(crate) fn is_quiet() -> bool {
    // Relaxed: as above.
    QUIET.load(Ordering::Relaxed)
}

/// Says something on stderr.
pub(crate) fn tell(message: &str) {
    use std::io::Write;
    if is_quiet() {
        return;
    }
    // There may be no stderr, which is no reason to panic.
    let _ = writeln!(std::io::stderr(), "hbtrace: {message}");
}
