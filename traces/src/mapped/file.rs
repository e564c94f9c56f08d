//! The one file of this crate that maps memory.
//!
//! What is mapped may be written by a process that still records, so the bytes
//! may change while they are read: every value is copied out and checked before
//! it is used, and nothing rests on reading the same value twice. A file that is
//! *shortened* while it is mapped ends the reader with SIGBUS, as it does every
//! program that maps files; recorders only ever shorten a file to what they
//! have handed out, and of a file that is recorded into no more is looked at.
#![allow(unsafe_code)] // Mapping a file is unsafe; see the SAFETY comment.

use std::fs::{File, TryLockError};
use std::io;
use std::ops::Range;
use std::path::Path;

use memmap2::Mmap;

use crate::error::{Error, ErrorKind, Place};

/// A mapped file.
#[derive(Debug)]
pub(crate) struct MappedFile {
    map: Mmap,
    /// Bytes of it that are looked at.
    len: usize,
    live: bool,
}

/// Maps the file at `path`.
///
/// # Errors
/// If it is not there, can't be read, is not a regular file, or is empty.
pub(crate) fn map(path: &Path) -> Result<MappedFile, Error> {
    let unreadable =
        |message: String| Error::new(path, Place::File, ErrorKind::Unreadable, message);
    let failed = |error: io::Error| unreadable(describe(&error));
    // A pipe would block in `open`, so the file's type is asked for first.
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if metadata.is_dir() {
        return Err(unreadable(
            "is a directory; give the trace file in it".to_owned(),
        ));
    }
    if !metadata.is_file() {
        return Err(unreadable(
            "is not a regular file; a trace is mapped, so write it to a file first".to_owned(),
        ));
    }
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.len() == 0 {
        return Err(Error::new(
            path,
            Place::File,
            ErrorKind::NotATrace,
            "is empty; give a file that hbtrace recorded, or a text trace with events in it",
        ));
    }
    // A recorder keeps the file locked; this lock ends with `file`.
    let live = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    // SAFETY: the mapping is read-only and private to this process's reader.
    // That another process may still write the file is upheld as the head of
    // this file tells: no value is trusted, whenever it is read.
    let map = unsafe { Mmap::map(&file) }.map_err(failed)?;
    let len = map.len();
    Ok(MappedFile { map, len, live })
}

fn describe(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => {
            "there is no such file; check the path, or record one first".to_owned()
        }
        io::ErrorKind::PermissionDenied => {
            "may not be read by this user; change its permissions".to_owned()
        }
        _ => format!("can't be read: {error}"),
    }
}

impl MappedFile {
    /// All of the file.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.map[..self.len]
    }

    /// Looks at no more than `len` bytes: a recorder that ends meanwhile cuts
    /// off what it has not handed out.
    pub(crate) fn limit(&mut self, len: u64) {
        self.len = self.len.min(usize::try_from(len).unwrap_or(usize::MAX));
    }

    /// Whether a process still recorded into the file when it was mapped.
    pub(crate) fn is_live(&self) -> bool {
        self.live
    }

    /// The bytes in `range`, clamped to the file.
    #[inline]
    pub(crate) fn slice(&self, range: Range<u64>) -> &[u8] {
        let len = self.len as u64;
        let (from, to) = (range.start.min(len), range.end.min(len));
        if from >= to {
            return &[];
        }
        // Both are at most the length of a slice, so they fit a usize.
        &self.map[from as usize..to as usize]
    }
}
