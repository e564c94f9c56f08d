//! Where the trace goes: opening the file without harm to another's.
//!
//! A process keeps an advisory lock (`flock`) on the file that it records
//! into. A file that is there already and not locked is replaced (removed and
//! made anew, so that whoever reads the old one keeps it). One that another
//! live process records into is left alone, and `.PID` is added to the path.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Opens the file to record into, empty and locked, and says which it is.
/// `%p` in the path stands for the process id.
pub(crate) fn open(path: &Path) -> io::Result<(File, PathBuf)> {
    let path = expand(path);
    for _ in 0..2 {
        match create(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(Some(file)) => return Ok((file, path)),
            // Somebody else has just taken it.
            Ok(None) => break,
        }
        match take_over(&path)? {
            Some(Taken::Removed) => {}
            Some(Taken::Emptied(file)) => return Ok((file, path)),
            None => break,
        }
    }
    let mut own = path.into_os_string();
    own.push(format!(".{}", std::process::id()));
    let own = PathBuf::from(own);
    // Left by an earlier process of the same id.
    let _ = fs::remove_file(&own);
    match create(&own)? {
        Some(file) => Ok((file, own)),
        None => Err(io::ErrorKind::ResourceBusy.into()),
    }
}

enum Taken {
    Removed,
    Emptied(File),
}

/// A new file, locked; `None` if another process locked it first.
fn create(path: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .open(path)?;
    Ok(locked(&file)?.then_some(file))
}

/// Makes way for a new file in place of an old one; `None` if a process still
/// records into it.
fn take_over(path: &Path) -> io::Result<Option<Taken>> {
    // Without O_NONBLOCK a pipe would block until somebody reads it.
    let old = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    if !old.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    if !locked(&old)? {
        return Ok(None);
    }
    if fs::remove_file(path).is_ok() {
        return Ok(Some(Taken::Removed));
    }
    // A directory that is not ours to change.
    old.set_len(0)?;
    Ok(Some(Taken::Emptied(old)))
}

fn locked(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        // A file system without locks: do without.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn expand(path: &Path) -> PathBuf {
    let mut out = Vec::new();
    let mut bytes = path.as_os_str().as_bytes();
    while let Some((first, rest)) = bytes.split_first() {
        bytes = match rest.strip_prefix(b"p") {
            Some(rest) if *first == b'%' => {
                out.extend_from_slice(std::process::id().to_string().as_bytes());
                rest
            }
            _ => {
                out.push(*first);
                rest
            }
        };
    }
    PathBuf::from(OsString::from_vec(out))
}
