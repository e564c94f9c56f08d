//! What keeps the file from growing: told where there is no room at the start,
//! where there is none later, and where a pool is smaller than it was to be.

use std::fmt;
use std::io;

use hbtrace_traces::format::layout::bound;

use super::Space;
use crate::primitive::lock;

/// What keeps the file from growing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// The builder allows so many bytes.
    Limit(u64),
    /// A file of this process may have so many bytes.
    FileSize(u64),
    /// So many bytes may be mapped.
    Addresses(u64),
    /// The file system gives no more; the error's number.
    Disk(i32),
}

impl Bound {
    /// Its number in the file's header.
    pub(super) fn number(self) -> u32 {
        match self {
            Bound::Limit(_) => bound::LIMIT,
            Bound::FileSize(_) => bound::FILE_SIZE,
            Bound::Addresses(_) => bound::ADDRESSES,
            Bound::Disk(_) => bound::DISK,
        }
    }
}

impl Space {
    /// What keeps the file from growing. May be asked where a chunk may be drawn.
    pub(crate) fn bound(&self) -> Bound {
        lock(&self.ground).bound()
    }

    /// Likewise, at the end; `None` while the file grows, which an exit within a
    /// signal handler may have interrupted.
    pub(crate) fn bound_at_end(&self) -> Option<Bound> {
        self.ground.try_lock().ok().map(|ground| ground.bound())
    }
}

/// The reason, and what to do.
impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bound::Limit(bytes) => write!(
                f,
                "Builder::limit allows {bytes} bytes; give it a larger limit"
            ),
            Bound::FileSize(bytes) => write!(
                f,
                "files of this process may have {bytes} bytes; raise the limit (ulimit -f)"
            ),
            Bound::Addresses(bytes) => write!(
                f,
                "a quarter of this process's addresses is {bytes} bytes; raise the limit (ulimit -v)"
            ),
            Bound::Disk(number) => {
                let error = io::Error::from_raw_os_error(*number);
                write!(f, "{error}; free some room, or record elsewhere")
            }
        }
    }
}
