//! The feature `record` is off: nothing is recorded, the mirrors are std's own
//! types, and what a program tells comes to nothing.

use std::fmt;
use std::path::{Path, PathBuf};

pub use std::{sync, thread};

/// Describes a session that will record nothing.
pub fn record(path: impl AsRef<Path>) -> Builder {
    Builder {
        path: path.as_ref().to_path_buf(),
    }
}

/// A session that will record nothing.
#[derive(Debug)]
#[must_use = "nothing is recorded before `start`"]
pub struct Builder {
    path: PathBuf,
}

impl Builder {
    /// Does nothing.
    pub fn time_all(self, _all: bool) -> Builder {
        self
    }

    /// Does nothing.
    pub fn limit(self, _bytes: u64) -> Builder {
        self
    }

    /// Does nothing.
    pub fn flight(self, _bytes: u64) -> Builder {
        self
    }

    /// Does nothing.
    pub fn wait_for_room(self, _wait: bool) -> Builder {
        self
    }

    /// Does nothing.
    pub fn snapshot_signal(self, _signal: i32) -> Builder {
        self
    }

    /// Does nothing.
    pub fn snapshot_on_panic(self, _on: bool) -> Builder {
        self
    }

    /// Does nothing.
    pub fn rotate(self, _keep: u32) -> Builder {
        self
    }

    /// Does nothing.
    pub fn snapshots(self, _most: u32) -> Builder {
        self
    }

    /// Does nothing.
    pub fn crashes(self, _most: u32) -> Builder {
        self
    }

    /// Does nothing.
    pub fn quiet(self, _quiet: bool) -> Builder {
        self
    }

    /// Starts nothing.
    ///
    /// # Errors
    /// Never, without the feature `record`.
    pub fn start(self) -> Result<Session, Error> {
        Ok(Session { path: self.path })
    }
}

/// A session that records nothing.
#[derive(Debug)]
pub struct Session {
    path: PathBuf,
}

impl Session {
    /// The file that would be recorded into.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Ends nothing.
    pub fn stop(self) {}
}

/// Takes no snapshot: nothing is recorded.
///
/// # Errors
/// Always, without the feature `record`.
pub fn snapshot(_path: impl AsRef<Path>) -> Result<(), Error> {
    Err(Error(()))
}

/// Nothing is recorded without the feature `record`.
#[derive(Debug)]
pub struct Error(());

impl Error {
    /// It is not: see the feature `record`.
    #[must_use]
    pub fn is_late(&self) -> bool {
        false
    }

    /// It is not: see the feature `record`.
    #[must_use]
    pub fn is_second_session(&self) -> bool {
        false
    }

    /// There is no recording of which a snapshot could be taken.
    #[must_use]
    pub fn is_not_recording(&self) -> bool {
        true
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing is recorded: the feature `record` is off")
    }
}

impl std::error::Error for Error {}

/// See the feature `record`.
#[derive(Debug, Default)]
pub struct Token(());

impl Token {
    /// A new token.
    #[must_use]
    pub const fn new() -> Token {
        Token(())
    }
}

/// Does nothing.
#[inline]
pub fn release(_token: &Token) {}

/// Does nothing.
#[inline]
pub fn acquire(_token: &Token) {}

/// Ends nothing.
#[must_use = "it ends when this is dropped"]
#[derive(Debug)]
pub struct Stretch {
    /// It is bound to its thread as the recording one is.
    _thread: std::marker::PhantomData<*const ()>,
}

impl Drop for Stretch {
    #[inline]
    fn drop(&mut self) {}
}

/// Does nothing.
#[inline]
pub fn outside(_name: &str) -> Stretch {
    span(_name)
}

/// Does nothing.
#[inline]
pub fn span(_name: &str) -> Stretch {
    Stretch {
        _thread: std::marker::PhantomData,
    }
}

/// Does nothing.
#[inline]
pub fn read<T: ?Sized>(_pointer: *const T, _len: usize) {}

/// Does nothing.
#[inline]
pub fn write<T: ?Sized>(_pointer: *const T, _len: usize) {}

/// Does nothing.
#[inline]
pub fn alloc<T: ?Sized>(_pointer: *const T, _len: usize) {}

/// Does nothing.
#[inline]
pub fn free<T: ?Sized>(_pointer: *const T, _len: usize) {}

/// Passes the value on.
#[inline(always)]
pub fn reading<T: ?Sized>(value: &T) -> &T {
    value
}

/// Passes the value on.
#[inline(always)]
pub fn writing<T: ?Sized>(value: &mut T) -> &mut T {
    value
}

/// Stands for nothing.
#[derive(Clone, Copy, Debug)]
pub struct Access(());

impl Access {
    /// Does nothing.
    #[inline(always)]
    #[must_use]
    pub fn read<T: ?Sized>(_value: &T) -> Access {
        Access(())
    }

    /// Does nothing.
    #[inline(always)]
    #[must_use]
    pub fn write<T: ?Sized>(_value: &mut T) -> Access {
        Access(())
    }
}

/// Does nothing.
#[inline(always)]
pub fn accesses<const N: usize>(_told: [Access; N]) {}
