//! How a recording went: who records it, and what it had to do without.

use std::fmt;

use crate::format::layout::bound;

/// Whether the process that recorded a trace still does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhoRecords {
    /// It was closed, or written when it was finished, or it is a snapshot.
    #[default]
    Nobody,
    /// Its process is alive and records into it.
    Process,
    /// Its process is alive and records, but not into this file: it is a copy
    /// that somebody made.
    Elsewhere,
    /// Its process died without closing it.
    Dead,
}

/// A flight recording's pool that is smaller than it was to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShortPool {
    /// Bytes that were asked for.
    pub asked: u64,
    /// Bytes that it has.
    pub got: u64,
    /// What kept it from growing, see [`bound`](crate::format::layout::bound).
    pub bound: u32,
}

/// `asked for 64 MiB, got 16 MiB, because the file system had no more room`.
impl fmt::Display for ShortPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.bound {
            bound::LIMIT => "the program limits the file's size (Builder::limit)",
            bound::FILE_SIZE => "files of the process might not be larger (ulimit -f)",
            bound::ADDRESSES => "the process might not map more (ulimit -v)",
            bound::DISK => "the file system had no more room",
            _ => "there was no more room",
        };
        let (asked, got) = (size(self.asked), size(self.got));
        write!(f, "asked for {asked}, got {got}, because {why}")
    }
}

/// `64 MiB`, `63.5 MiB`, `768 KiB`.
fn size(bytes: u64) -> String {
    let tenths = u128::from(bytes) * 10 / (1 << 20);
    match (tenths / 10, tenths % 10) {
        (0, _) => format!("{} KiB", bytes >> 10),
        (whole, 0) => format!("{whole} MiB"),
        (whole, tenth) => format!("{whole}.{tenth} MiB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_as_people_ask_for_them() {
        for (bytes, text) in [
            (64 << 20, "64 MiB"),
            (64_000_000, "61 MiB"),
            (66_600_000, "63.5 MiB"),
            (768 << 10, "768 KiB"),
            (u64::MAX, "17592186044415.9 MiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
