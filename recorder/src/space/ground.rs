//! The file under the space: how it grows, and up to where.
//!
//! Growing allocates the blocks on disk (`posix_fallocate`) and looks at the
//! file-size limit first, so that a full disk or a limit is an answer here and
//! never a signal in the service. Whoever uses the descriptor makes sure that it
//! is still the file's: a service that closes all descriptors has perhaps opened
//! another file under the number since.
#![allow(unsafe_code)] // System calls.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;

use hbtrace_traces::format::layout::{CHUNK_MAX, PAGE};

use super::bound::Bound;
use super::limits::limit_of;
use super::slots::{self, SLOT, Slots};

const STEP_FIRST: u64 = 4 << 20;
/// Where little is expected.
const STEP_SMALL: u64 = 1 << 20;
const STEP_MAX: u64 = 64 << 20;
/// A file in memory is cleared as it grows, while those who need room wait.
const STEP_IN_MEMORY: u64 = 8 << 20;
const STEP_LEAST: u64 = CHUNK_MAX as u64;

/// How the file grows.
pub(super) struct Ground {
    end: u64,
    step: u64,
    step_max: u64,
    limit: u64,
    /// How long the file is expected to become, if that is known.
    expected: Option<u64>,
    /// Device and inode.
    identity: (u64, u64),
    /// Where that limit comes from.
    bound: Bound,
    /// The file system's last refusal, unless it has given more since.
    refused: Option<i32>,
    /// The file was cut to size: it must not grow any more.
    pub(super) closed: bool,
}

impl Ground {
    /// Of an empty `file` that may become `limit` bytes long.
    pub(super) fn new(file: &File, limit: u64) -> io::Result<Ground> {
        let metadata = file.metadata()?;
        let addresses = match limit_of(libc::RLIMIT_AS) {
            u64::MAX => slots::LARGEST,
            most => most / 4,
        };
        let bounds = [
            (limit, Bound::Limit(limit)),
            (addresses, Bound::Addresses(addresses)),
            (file_size_limit(), Bound::FileSize(file_size_limit())),
        ];
        let least = bounds.into_iter().min_by_key(|(bytes, _)| *bytes);
        let (limit, bound) = least.unwrap_or(bounds[0]);
        dont_copy_on_write(file);
        Ok(Ground {
            end: 0,
            step: STEP_FIRST,
            step_max: if is_in_memory(file) {
                STEP_IN_MEMORY
            } else {
                STEP_MAX
            },
            limit: limit / PAGE as u64 * PAGE as u64,
            bound,
            refused: None,
            expected: None,
            identity: (metadata.dev(), metadata.ino()),
            closed: false,
        })
    }

    /// Beyond `bytes` the file grows by small steps only.
    pub(super) fn expect(&mut self, bytes: Option<u64>) {
        self.expected = bytes;
    }

    /// Whether the file has all the room that it may have: waiting for more
    /// would be in vain.
    pub(super) fn is_at_limit(&self) -> bool {
        self.limit.saturating_sub(self.end) < STEP_LEAST
    }

    /// The largest size that the file may have.
    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    /// What keeps it from growing.
    pub(super) fn bound(&self) -> Bound {
        // It may have been lowered since.
        let now = file_size_limit();
        match self.refused {
            Some(error) => Bound::Disk(error),
            None if now < self.limit => Bound::FileSize(now),
            None => self.bound,
        }
    }

    /// Whether the descriptor is still the file's.
    pub(super) fn is_file(&self, file: &File) -> bool {
        let metadata = file.metadata();
        metadata.is_ok_and(|it| (it.dev(), it.ino()) == self.identity)
    }

    fn step(&self) -> u64 {
        let expected = |bytes: u64| bytes.saturating_sub(self.end).max(STEP_SMALL);
        self.step.min(self.expected.map_or(u64::MAX, expected))
    }

    /// The first growth: says what to do where there is no room for it.
    pub(super) fn begin(&mut self, file: &File, slots: &Slots) -> io::Result<u64> {
        self.grow(file, slots).map_err(|error| {
            if error.kind() != io::ErrorKind::StorageFull {
                return error;
            }
            let reason = format!("there is no room for its first 256 KiB: {}", self.bound());
            io::Error::new(io::ErrorKind::StorageFull, reason)
        })
    }

    /// Makes the file longer, and returns its new end. What is added lies
    /// within one slot, which is mapped.
    pub(super) fn grow(&mut self, file: &File, slots: &Slots) -> io::Result<u64> {
        if self.closed {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if !self.is_file(file) {
            return Err(io::ErrorKind::StaleNetworkFileHandle.into());
        }
        let most = self.limit.min(file_size_limit());
        let mut len = self.step().min(most.saturating_sub(self.end));
        len = len.min(SLOT - self.end % SLOT) / PAGE as u64 * PAGE as u64;
        loop {
            if len < STEP_LEAST {
                return Err(io::ErrorKind::StorageFull.into());
            }
            match allocate(file, self.end, len) {
                Ok(()) => break,
                Err(error) => {
                    self.refused = error.raw_os_error();
                    len = len / 2 / PAGE as u64 * PAGE as u64;
                }
            }
        }
        if self.end.is_multiple_of(SLOT) {
            slots.map(file, self.end)?;
        }
        self.refused = None;
        self.end += len;
        self.step = (self.step * 2).min(self.step_max);
        Ok(self.end)
    }
}

/// Allocates `len` bytes at the end of `file`, blocks on disk included.
fn allocate(file: &File, end: u64, len: u64) -> io::Result<()> {
    loop {
        // SAFETY: a system call on a descriptor that we own.
        let error = unsafe { libc::posix_fallocate(file.as_raw_fd(), end as i64, len as i64) };
        match error {
            0 => return Ok(()),
            libc::EINTR => {}
            error => return Err(io::Error::from_raw_os_error(error)),
        }
    }
}

/// The largest file that this process may write now. Beyond it the kernel
/// sends a signal that kills.
fn file_size_limit() -> u64 {
    // Offsets are signed.
    limit_of(libc::RLIMIT_FSIZE).min(i64::MAX as u64)
}

/// Whether the file lies in memory and not on a disk.
pub(super) fn is_in_memory(file: &File) -> bool {
    file_system(file) == Some(libc::TMPFS_MAGIC)
}

fn file_system(file: &File) -> Option<libc::__fsword_t> {
    // SAFETY: a plain struct of numbers, for which zeros are lawful.
    let mut system: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: a descriptor that we own, and a place for the answer.
    let failed = unsafe { libc::fstatfs(file.as_raw_fd(), &mut system) } != 0;
    (!failed).then_some(system.f_type)
}

/// Asks a file system that copies on write (btrfs) not to do so with this
/// file: there, the room that was allocated would not be what is written.
fn dont_copy_on_write(file: &File) {
    const NO_COPY: libc::c_long = 0x0080_0000;
    if file_system(file) != Some(libc::BTRFS_SUPER_MAGIC) {
        return;
    }
    let mut bits: libc::c_long = 0;
    let file = file.as_raw_fd();
    // SAFETY: a descriptor that we own, and a place for the answer.
    if unsafe { libc::ioctl(file, GET_FLAGS, &mut bits) } == 0 {
        bits |= NO_COPY;
        // SAFETY: as above. If it fails, nothing has changed.
        unsafe { libc::ioctl(file, SET_FLAGS, &bits) };
    }
}

/// The requests for a file's attributes, `FS_IOC_GETFLAGS` and
/// `FS_IOC_SETFLAGS`, of machines of 64 bits.
const GET_FLAGS: libc::Ioctl = 0x8008_6601;
const SET_FLAGS: libc::Ioctl = 0x4008_6602;
