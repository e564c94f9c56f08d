//! Other copies of the recorder in this process.
//!
//! A shared library that links the recorder has statics of its own, hence a
//! session of its own. Two sessions in one process would each hold a part of
//! what its threads do, and what orders the parts would stand in neither: both
//! recordings would tell of races that are none. So the second one refuses.
//!
//! Copies know nothing of each other, but all of them keep their file open. A
//! descriptor is only looked at, never opened anew: closing one drops the
//! process's record locks on its file. Two copies that start at the same
//! instant, into different files, are not found out.
#![allow(unsafe_code)] // Looks at descriptors that are not ours.

use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::RawFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use hbtrace_traces::format::layout::{MAGIC, header};

/// Bytes of a file's header that are looked at.
const HEAD: usize = header::STATE + 4;

/// Whether another copy in this process records.
pub(crate) fn another_records() -> bool {
    descriptors().any(|file| is_regular(file).is_some() && is_written(file) && bears_our_id(file))
}

/// Whether this process has the file at `path` open.
pub(crate) fn holds(path: &Path) -> bool {
    let Ok(there) = fs::metadata(path) else {
        return false;
    };
    let same = Some((there.dev(), there.ino()));
    descriptors().any(|file| is_regular(file) == same)
}

fn descriptors() -> impl Iterator<Item = RawFd> {
    let entries = fs::read_dir("/proc/self/fd")
        .into_iter()
        .flatten()
        .flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Which file it is, if it is one.
fn is_regular(file: RawFd) -> Option<(u64, u64)> {
    let mut told = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: a place for the answer; a descriptor that was closed meanwhile is
    // an error.
    let failed = unsafe { libc::fstat(file, told.as_mut_ptr()) };
    if failed != 0 {
        return None;
    }
    // SAFETY: filled in, as the call has succeeded.
    let told = unsafe { told.assume_init() };
    (told.st_mode & libc::S_IFMT == libc::S_IFREG).then_some((told.st_dev, told.st_ino))
}

/// Whether it was opened to be read and written, as recorders do.
fn is_written(file: RawFd) -> bool {
    // SAFETY: a look at how it was opened.
    let flags = unsafe { libc::fcntl(file, libc::F_GETFL) };
    flags >= 0 && flags & libc::O_ACCMODE == libc::O_RDWR
}

/// Whether it is a trace that this process records into.
fn bears_our_id(file: RawFd) -> bool {
    let mut head = [0; HEAD];
    // SAFETY: a place for the bytes; where the descriptor stands is not moved.
    let read = unsafe { libc::pread(file, head.as_mut_ptr().cast(), HEAD, 0) };
    let field = |at: usize| head.get(at..at + 4);
    let pid = std::process::id().to_le_bytes();
    read == HEAD as isize
        && head.starts_with(&MAGIC)
        && field(header::PID) == Some(&pid)
        && field(header::STATE) == Some(&[0; 4])
}
