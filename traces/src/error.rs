//! What can be wrong with a trace.

use std::fmt;
use std::path::{Path, PathBuf};

/// An error about a trace, told with its place and its remedy.
#[derive(Debug)]
pub struct Error {
    file: PathBuf,
    place: Place,
    kind: ErrorKind,
    message: String,
}

/// Where in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The file as a whole.
    File,
    /// A byte of it.
    Offset(u64),
    /// A place in a text, both from 1.
    LineColumn(u64, u64),
}

/// The sort of error, behind predicates so that it may grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// It can't be opened or read.
    Unreadable,
    /// It can't be written.
    Unwritable,
    /// It is something else, or of another version, or cut within its header.
    NotATrace,
    /// A malformed line or record.
    Malformed,
    /// It can't be an execution.
    Impossible,
}

impl Error {
    pub(crate) fn new(
        file: &Path,
        place: Place,
        kind: ErrorKind,
        message: impl Into<String>,
    ) -> Error {
        Error {
            file: file.to_owned(),
            place,
            kind,
            // Names may hold line breaks, and terminals obey control characters.
            message: message.into().replace(char::is_control, "\u{fffd}"),
        }
    }

    /// Whether the file can't be opened or read.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        self.kind == ErrorKind::Unreadable
    }

    /// Whether the file is no trace, of another version, empty, or cut within
    /// its header.
    #[must_use]
    pub fn is_not_a_trace(&self) -> bool {
        self.kind == ErrorKind::NotATrace
    }

    /// Whether the file can't be written.
    #[must_use]
    pub fn is_unwritable(&self) -> bool {
        self.kind == ErrorKind::Unwritable
    }

    /// Whether the events can't be an execution.
    #[must_use]
    pub fn is_impossible(&self) -> bool {
        self.kind == ErrorKind::Impossible
    }

    /// Where in the file.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        match self.place {
            Place::File => {}
            Place::Offset(offset) => write!(f, ": byte {offset}")?,
            Place::LineColumn(line, column) => write!(f, ":{line}:{column}")?,
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for Error {}
