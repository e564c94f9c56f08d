//! Files that lie beside a recording, numbered: recordings of crashed processes,
//! snapshots, the files of a rotation.
//!
//! Numbers go on from one process to the next: what a process has left is the
//! evidence of how it ended, so a restart must not write over it. How many stay is
//! bounded; the oldest go first. What is removed is a trace, or the draft of one:
//! a file that somebody else put there under such a name stays, and a link is not
//! followed.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use hbtrace_traces::format::layout::{MAGIC, PAGE};

use crate::output;

const EXTENSION: &str = ".trace";
const DRAFT: &str = ".part";
const NUMBER_LIMIT: u64 = 1 << 50;

/// A row of files beside a recording.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Series {
    /// Recordings of processes that died: `run.crashed-1.trace`.
    Crashed,
    /// Snapshots: `run.snapshot-1.trace`.
    Snapshots,
    /// The files of a rotation: `run.000001.trace`.
    Rotation,
}

impl Series {
    /// The file of this number.
    pub(crate) fn path(self, recording: &Path, number: u64) -> PathBuf {
        let Series::Rotation = self else {
            let prefix = self.prefix();
            return recording.with_extension(format!("{prefix}{number}{EXTENSION}"));
        };
        recording.with_extension(format!("{number:06}{EXTENSION}"))
    }

    fn prefix(self) -> &'static str {
        match self {
            Series::Crashed => "crashed-",
            Series::Snapshots => "snapshot-",
            Series::Rotation => "",
        }
    }

    /// The number of the file of this name.
    fn number(self, recording: &Path, name: &OsStr) -> Option<u64> {
        let stem = recording.file_stem()?.as_bytes();
        let rest = name.as_bytes().strip_prefix(stem)?.strip_prefix(b".")?;
        let rest = rest.strip_prefix(self.prefix().as_bytes())?;
        let digits = rest.strip_suffix(EXTENSION.as_bytes())?;
        let number = std::str::from_utf8(digits).ok()?.parse().ok()?;
        let ours = self.path(recording, number);
        // No recorder comes that far, and there must be a next one.
        if number >= NUMBER_LIMIT {
            return None;
        }
        (ours.file_name() == Some(name)).then_some(number)
    }

    /// The numbers that are there, in their order.
    fn numbers(self, recording: &Path) -> Vec<u64> {
        let names = names_beside(recording);
        let numbers = names.filter_map(|name| self.number(recording, &name));
        let mut numbers: Vec<u64> = numbers.collect();
        numbers.sort_unstable();
        numbers
    }

    /// The highest number that is there; 0 if there is none.
    pub(crate) fn last(self, recording: &Path) -> u64 {
        self.numbers(recording).last().copied().unwrap_or(0)
    }

    /// Removes the oldest but for `keep`. Returns how many went.
    pub(crate) fn prune(self, recording: &Path, keep: u32) -> usize {
        let numbers = self.numbers(recording);
        let old = numbers.len().saturating_sub(keep as usize);
        let paths = numbers[..old].iter().map(|it| self.path(recording, *it));
        // One that was taken away, or can't be, is left so.
        paths.filter(|path| remove_trace(path)).count()
    }
}

/// Names of what lies in the recording's directory.
fn names_beside(recording: &Path) -> impl Iterator<Item = std::ffi::OsString> {
    let directory = match recording.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name())
}

/// Removes the file if it is a trace that nobody records into.
fn remove_trace(path: &Path) -> bool {
    let begins = |file: &File| {
        let mut magic = [0; MAGIC.len()];
        let mut file = file;
        file.read_exact(&mut magic).is_ok() && magic == MAGIC
    };
    open(path).is_ok_and(|file| begins(&file) && output::locked(&file).unwrap_or(false))
        && fs::remove_file(path).is_ok()
}

/// Opens a regular file to be looked at, and nothing else.
fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::ErrorKind::InvalidInput.into()),
    }
}

/// The draft of a copy to `path`.
pub(crate) fn draft(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}{DRAFT}", std::process::id()));
    PathBuf::from(name)
}

/// Makes a draft. One that a process of the same id has left is replaced: a
/// service in a container has the same one each time.
pub(crate) fn make_draft(path: &Path) -> io::Result<File> {
    let made = match File::create_new(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && remove_draft(path) => {
            File::create_new(path)
        }
        made => made,
    };
    // So that nobody takes it for one that was left.
    made.inspect(|file| {
        let _ = output::locked(file);
    })
}

/// Removes the drafts of copies beside the recording that processes left which
/// were killed.
pub(crate) fn remove_drafts(recording: &Path) {
    let ours = |name: &OsStr| {
        let name = name.as_bytes().strip_suffix(DRAFT.as_bytes())?;
        let dot = name.iter().rposition(|byte| *byte == b'.')?;
        let (of, pid) = (OsStr::from_bytes(&name[..dot]), &name[dot + 1..]);
        let pid: u32 = std::str::from_utf8(pid).ok()?.parse().ok()?;
        let mut all = [Series::Snapshots, Series::Rotation].into_iter();
        all.any(|series| series.number(recording, of).is_some())
            .then_some(pid)
    };
    for name in names_beside(recording) {
        let left = ours(&name).is_some_and(|pid| pid == std::process::id() || !is_alive(pid));
        if left {
            remove_draft(&recording.with_file_name(name));
        }
    }
}

fn is_alive(pid: u32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

/// Removes a draft that nobody writes: its header is stored last, so it begins as
/// a trace does or with zeros.
fn remove_draft(path: &Path) -> bool {
    let is_draft = |file: File| {
        if !output::locked(&file).unwrap_or(false) {
            return false;
        }
        let mut page = Vec::new();
        let read = file.take(PAGE as u64).read_to_end(&mut page);
        read.is_ok() && (page.starts_with(&MAGIC) || page.iter().all(|byte| *byte == 0))
    };
    open(path).is_ok_and(is_draft) && fs::remove_file(path).is_ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const TRACE: &[u8] = b"HBTRACE\0\x02\0\0\0";

    #[test]
    fn names_and_numbers_are_each_others() {
        let names = [
            (Series::Crashed, "/a/run.crashed-2.trace"),
            (Series::Snapshots, "/a/run.snapshot-2.trace"),
            (Series::Rotation, "/a/run.000002.trace"),
        ];
        let run = Path::new("/a/run.trace");
        for (series, path) in names {
            assert_eq!(series.path(run, 2), Path::new(path));
            for (other, path) in names {
                let number = series.number(run, Path::new(path).file_name().unwrap());
                assert_eq!(number, (other == series).then_some(2), "{series:?} {path}");
            }
        }
        for name in [
            "run.2.trace",
            "run.0000002.trace",
            "run.+00002.trace",
            "run.18446744073709551615.trace",
            "runs.000002.trace",
            "run.000002.trace.7.part",
        ] {
            assert_eq!(Series::Rotation.number(run, name.as_ref()), None, "{name}");
        }
        let bare = Series::Snapshots.path(Path::new("run"), 2);
        assert_eq!(bare, Path::new("run.snapshot-2.trace"));
    }

    #[test]
    fn the_oldest_traces_go_and_nothing_else_does() {
        let directory = tempfile::tempdir().unwrap();
        let run = directory.path().join("run.trace");
        let path = |number| Series::Rotation.path(&run, number);
        for number in [1, 2, 4, 5, 1_000_000] {
            fs::write(path(number), TRACE).unwrap();
        }
        fs::write(path(3), "PRECIOUS").unwrap();
        let elsewhere = directory.path().join("elsewhere");
        fs::write(&elsewhere, TRACE).unwrap();
        std::os::unix::fs::symlink(&elsewhere, path(6)).unwrap();
        assert_eq!(Series::Rotation.last(&run), 1_000_000);
        assert_eq!(Series::Rotation.prune(&run, 1), 4);
        assert_eq!(Series::Rotation.numbers(&run), [3, 6, 1_000_000]);
        assert!(elsewhere.exists());
        assert_eq!(Series::Crashed.last(&run), 0);
    }

    #[test]
    fn drafts_of_the_dead_go_and_nothing_else_does() {
        let directory = tempfile::tempdir().unwrap();
        let run = directory.path().join("run.trace");
        let at = |name: &str| directory.path().join(name);
        let dead = u32::MAX;
        let gone = [
            format!("run.000001.trace.{dead}.part"),
            format!("run.snapshot-7.trace.{}.part", std::process::id()),
        ];
        for name in &gone {
            fs::write(at(name), vec![0; 3 * PAGE]).unwrap();
        }
        let precious = format!("run.000002.trace.{dead}.part");
        let stays = [
            (precious.as_str(), &b"PRECIOUS"[..]),
            ("run.000003.trace.1.part", &[]),
            ("run.trace.part", &[]),
            ("film.part", &[]),
        ];
        for (name, bytes) in stays {
            fs::write(at(name), bytes).unwrap();
        }
        remove_drafts(&run);
        assert!(gone.iter().all(|name| !at(name).exists()));
        assert!(stays.iter().all(|(name, _)| at(name).exists()));
        let draft = draft(&at("run.000004.trace"));
        let held = make_draft(&draft).unwrap();
        assert!(make_draft(&draft).is_err(), "it is written");
        drop(held);
        assert!(make_draft(&draft).is_ok(), "it was left");
    }
}
