//! Where the trace goes: opening the file without harm to another's.
//!
//! A process keeps an advisory lock (`flock`) on the file that it records
//! into. A file that is there already and not locked is replaced (removed and
//! made anew, so that whoever reads the old one keeps it); but one whose process
//! died without closing it is the evidence of a crash, and gets another name
//! ([`Series::Crashed`]) first. One that another live process records into is
//! left alone, and `.PID` is added to the path. What is neither empty nor a
//! trace, or no file at all (a directory, a device, a pipe, a link), is not
//! touched.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use hbtrace_traces::format::start;

use crate::copies;
use crate::error;
use crate::series::Series;

/// Files that others may replace before our eyes until we give a path up.
const ATTEMPTS: u32 = 100;

/// Opens the file to record into, empty and locked, and says which it is.
/// `%p` in the path stands for the process id.
/// `crashes` recordings of crashed processes stay beside it.
pub(crate) fn open(path: &Path, crashes: u32) -> io::Result<(File, PathBuf)> {
    let path = expand(path);
    if let Some(file) = take(&path, crashes)? {
        return Ok((file, path));
    }
    if copies::holds(&path) {
        return Err(second_copy());
    }
    let mut own = path.into_os_string();
    own.push(format!(".{}", std::process::id()));
    let own = PathBuf::from(own);
    match take(&own, crashes)? {
        Some(file) => Ok((file, own)),
        None => Err(io::ErrorKind::ResourceBusy.into()),
    }
}

/// Another copy of the recorder in this process has a session.
pub(crate) fn second_copy() -> io::Error {
    let reason = "another copy of the recorder in this process records already: link it once";
    io::Error::new(io::ErrorKind::ResourceBusy, reason)
}

/// The file at `path`, empty and locked; `None` if another process records
/// into it or is about to.
fn take(path: &Path, crashes: u32) -> io::Result<Option<File>> {
    for _ in 0..ATTEMPTS {
        let claim = match create(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => replace(path, crashes),
            created => created,
        };
        match claim {
            Ok(Claim::Ours(file)) => return Ok(Some(file)),
            Ok(Claim::Others) => return Ok(None),
            Ok(Claim::Gone) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// What became of an attempt to take a file.
enum Claim {
    Ours(File),
    /// Another process has its lock.
    Others,
    /// It is not what the path leads to any more.
    Gone,
}

/// Makes a new file.
fn create(path: &Path) -> io::Result<Claim> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .open(path)?;
    claim(file, path)
}

/// Makes a new file in place of an old one.
fn replace(path: &Path, crashes: u32) -> io::Result<Claim> {
    if fs::symlink_metadata(path).is_ok_and(|it| it.is_symlink()) {
        let reason = "it is a symbolic link: name the file that it leads to";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, reason));
    }
    // Without O_NONBLOCK a pipe would block until somebody reads it.
    let old = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW)
        .open(path);
    let old = match old {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Claim::Gone),
        old => old?,
    };
    if !old.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    // Kept until the new file is locked as well.
    let old = match claim(old, path)? {
        Claim::Ours(old) => old,
        other => return Ok(other),
    };
    if !start::is_replaceable(&old)? {
        let reason = "it exists and is not a trace: choose another path, or remove it";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, reason));
    }
    (&old).rewind()?;
    let crashed = start::died(&old)?.filter(|_| crashes > 0);
    let moved = match crashed {
        Some(pid) => keep(path, pid, crashes).map(|()| true)?,
        None => fs::remove_file(path).is_ok(),
    };
    if moved {
        return match create(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Claim::Gone),
            created => created,
        };
    }
    // A directory that is not ours to change.
    old.set_len(0)?;
    Ok(Claim::Ours(old))
}

/// Gives what process `pid` had recorded when it died another name. Whoever has
/// the lock of the file at a path moves it, so it is still there.
fn keep(path: &Path, pid: u32, most: u32) -> io::Result<()> {
    let unkept = |error: io::Error| {
        let reason = format!(
            "process {pid} died as it recorded into it, and that can't be kept under another \
             name: {error}; move it away (HBTRACE_CRASHES=0 replaces it)"
        );
        io::Error::new(error.kind(), reason)
    };
    let mut number = Series::Crashed.last(path);
    let kept = loop {
        number += 1;
        let kept = Series::Crashed.path(path, number);
        // A second name is never that of another file.
        match fs::hard_link(path, &kept) {
            Ok(()) => {
                fs::remove_file(path).map_err(unkept)?;
                break kept;
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            // A file system without second names.
            Err(_) => {
                fs::rename(path, &kept).map_err(unkept)?;
                break kept;
            }
        }
    };
    let mut said = format!(
        "kept what process {pid} had recorded when it died: {}",
        kept.display()
    );
    let gone = Series::Crashed.prune(path, most);
    if gone > 0 {
        said.push_str(&format!(
            "; removed the oldest (HBTRACE_CRASHES: {most} stay)"
        ));
    }
    error::tell(&said);
    Ok(())
}

/// Locks `file`, which was opened by `path`, and looks whether it is still
/// there: only who has the lock of the file at a path removes it, so then it
/// stays. Without that look, one who has opened an old file before another
/// replaced it would lock the old one and remove the other's.
fn claim(file: File, path: &Path) -> io::Result<Claim> {
    if !locked(&file)? {
        return Ok(Claim::Others);
    }
    let ours = file.metadata()?;
    let there = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Claim::Gone),
        there => there?,
    };
    if (ours.dev(), ours.ino()) == (there.dev(), there.ino()) {
        Ok(Claim::Ours(file))
    } else {
        Ok(Claim::Gone)
    }
}

/// Locks `file`, unless another has its lock: one who records into it.
pub(crate) fn locked(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        // A file system without locks: do without.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The path with `%p` as this process's id.
pub(crate) fn expand(path: &Path) -> PathBuf {
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::Barrier;

    use super::*;

    const STARTERS: usize = 4;
    /// An old trace.
    const OLD: &[u8] = b"HBTRACE\0\x01\0\0\0";

    /// Those that start at once, as processes do: locks belong to descriptors.
    fn start_at_once(path: &Path) -> Vec<File> {
        let begin = Barrier::new(STARTERS);
        let starts = || {
            begin.wait();
            take(path, 4).unwrap()
        };
        std::thread::scope(|scope| {
            let starters: Vec<_> = (0..STARTERS).map(|_| scope.spawn(starts)).collect();
            let files = starters.into_iter().map(|starter| starter.join().unwrap());
            files.flatten().collect()
        })
    }

    #[test]
    fn no_file_is_replaced_that_another_has_just_taken_no_race() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("run.trace");
        for round in 0..2000 {
            fs::write(&path, OLD).unwrap();
            let files = start_at_once(&path);
            let there = fs::metadata(&path).unwrap();
            for file in &files {
                let taken = file.metadata().unwrap();
                assert_eq!(taken.ino(), there.ino(), "round {round}: taken and removed");
                assert_eq!(taken.len(), 0);
            }
            assert_eq!(files.len(), 1, "round {round}");
        }
    }

    #[test]
    fn only_traces_and_empty_files_are_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("p.txt");
        for old in [b"".as_slice(), OLD, &[0; 8192]] {
            fs::write(&path, old).unwrap();
            let (file, at) = open(&path, 4).unwrap();
            assert_eq!((file.metadata().unwrap().len(), at), (0, path.clone()));
        }
        for old in [b"PRECIOUS".as_slice(), b"HBTRACKS", &[1; 8192]] {
            fs::write(&path, old).unwrap();
            let error = open(&path, 4).unwrap_err().to_string();
            assert!(error.contains("is not a trace"), "{error}");
            assert_eq!(fs::read(&path).unwrap(), old);
        }
        assert!(open(directory.path(), 4).is_err());
    }

    #[test]
    fn what_a_crash_left_is_kept_and_no_link_is_followed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("run.trace");
        let kept = |number| Series::Crashed.path(&path, number);
        for pid in 1..=6_u32 {
            let mut crashed = vec![0; 4096];
            crashed[..8].copy_from_slice(b"HBTRACE\0");
            crashed[24..28].copy_from_slice(&pid.to_le_bytes());
            fs::write(&path, crashed).unwrap();
            let (file, at) = open(&path, 4).unwrap();
            assert_eq!((file.metadata().unwrap().len(), at), (0, path.clone()));
        }
        for number in 1..=6_u32 {
            let there = fs::read(kept(number.into())).ok();
            let pid = there.map(|file| u32::from_le_bytes(file[24..28].try_into().unwrap()));
            assert_eq!(pid, (number > 2).then_some(number));
        }
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(kept(6), &path).unwrap();
        let error = open(&path, 4).unwrap_err().to_string();
        assert!(error.contains("symbolic link"), "{error}");
        assert_eq!(fs::read(kept(6)).unwrap().len(), 4096);
    }

    #[test]
    fn of_two_copies_in_one_process_the_second_refuses() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("run.trace");
        let (_first, at) = open(&path, 4).unwrap();
        assert_eq!(at, path);
        let second = open(&path, 4).unwrap_err();
        assert_eq!(second.kind(), io::ErrorKind::ResourceBusy);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
