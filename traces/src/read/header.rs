//! The file header: the first page of a `.trace` file.

use std::path::Path;

use crate::error::{Error, ErrorKind, Place};
use crate::format::layout::{MAGIC, PAGE, VERSION, flags, header};
use crate::format::{running, start};
use crate::trace::{ShortPool, WhoRecords};

/// Oldest version that this code reads.
const OLDEST: u32 = 2;
/// Largest page that a recorder may have used.
const PAGE_LIMIT: u32 = 64 * 1024;
/// Nanoseconds by which clocks of different CPUs may disagree: a hundred times
/// what is found where the system trusts its time-stamp counters.
pub(super) const SKEW_NS: u64 = 100_000;

/// What the header says.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(super) flags: u32,
    pub(crate) page: u64,
    pub(crate) size: u64,
    pub(super) pid: u32,
    pub(super) cpus: u32,
    pub(super) start_utc: u64,
    pub(super) start_ticks: u64,
    pub(super) last_ticks: u64,
    pub(super) last_ns: u64,
    pub(super) allocated: u64,
    pub(super) lost_accesses: u64,
    pub(super) lost_sync: u64,
    pub(super) lost_from: u64,
    pub(super) evicted_until: u64,
    pub(super) copied: bool,
    pub(super) behind: u32,
    pub(super) waited_ms: u32,
    pub(super) helper_ns: u64,
    pub(crate) complete: bool,
    pub(super) arguments: Vec<String>,
    pub(super) pool: Option<ShortPool>,
    /// When the process began, and on which boot.
    pub(super) process: (u64, [u64; 2]),
}

/// The u32 at `at`; `None` beyond the end.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

/// The u64 at `at`; `None` beyond the end.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}

impl Header {
    /// Reads and checks the header of a file.
    ///
    /// # Errors
    /// If it is no trace, of another version, or cut within its header.
    pub(crate) fn parse(path: &Path, file: &[u8]) -> Result<Header, Error> {
        let fail = |at: usize, message: String| {
            let place = Place::Offset(at as u64);
            Err(Error::new(path, place, ErrorKind::NotATrace, message))
        };
        let magic = file.get(..MAGIC.len()).unwrap_or(file);
        if !MAGIC.starts_with(magic) {
            return fail(0, not_a_trace(file));
        }
        let Some(page) = file.get(..PAGE) else {
            let found = file.len();
            return fail(
                found,
                format!(
                    "the file is cut within its header: expected {PAGE} bytes, found {found}; \
                     copy it again, or record again"
                ),
            );
        };
        // In bounds: the page is whole.
        let u32_of = |at| u32_at(page, at).unwrap_or_default();
        let version = u32_of(header::VERSION);
        if let Some(message) = wrong_version(version, u32_of(header::FLAGS)) {
            return fail(header::VERSION, message);
        }
        let (size, granule) = (u32_of(header::HEADER_SIZE), u32_of(header::PAGE_SIZE));
        let lawful = granule.is_power_of_two() && (PAGE as u32..=PAGE_LIMIT).contains(&granule);
        if !lawful || size < granule || !size.is_multiple_of(granule) || size > PAGE_LIMIT {
            return fail(
                header::HEADER_SIZE,
                format!(
                    "expected a header of whole pages, found {size} bytes in pages of {granule}; \
                     the file is damaged, record again"
                ),
            );
        }
        Ok(Header::fields(page, size, granule))
    }

    /// Reads the fields of a header page that was found lawful.
    fn fields(page: &[u8], size: u32, granule: u32) -> Header {
        let u32_of = |at| u32_at(page, at).unwrap_or_default();
        let u64_of = |at| u64_at(page, at).unwrap_or_default();
        let length = u32_of(header::ARGUMENTS_LENGTH);
        // Else the arguments of an older recorder may lie there.
        let has_tail = length as usize <= header::ARGUMENTS_END - header::ARGUMENTS;
        let tail = |at| if has_tail { u64_of(at) } else { 0 };
        let pool = ShortPool {
            asked: tail(header::POOL_ASKED),
            got: tail(header::POOL_GOT),
            bound: tail(header::POOL_BOUND) as u32,
        };
        Header {
            flags: u32_of(header::FLAGS),
            page: u64::from(granule),
            size: u64::from(size),
            pid: u32_of(header::PID),
            cpus: u32_of(header::CPUS),
            start_utc: u64_of(header::START_UTC),
            start_ticks: u64_of(header::START_TICKS),
            last_ticks: u64_of(header::LAST_TICKS),
            last_ns: u64_of(header::LAST_NS),
            allocated: u64_of(header::ALLOCATED),
            lost_accesses: u64_of(header::LOST_ACCESSES),
            lost_sync: u64_of(header::LOST_SYNC),
            lost_from: u64_of(header::LOST_FROM),
            evicted_until: u64_of(header::EVICTED_UNTIL),
            copied: u32_of(header::STATE) == 2,
            behind: u32_of(header::BEHIND),
            waited_ms: u32_of(header::WAITED_MS),
            helper_ns: u64_of(header::HELPER_NS),
            complete: u32_of(header::STATE) == 1,
            arguments: arguments(page, length),
            pool: Some(pool).filter(|pool| pool.got < pool.asked),
            process: (
                tail(header::PROCESS_START),
                [tail(header::BOOT), tail(header::BOOT + 8)],
            ),
        }
    }

    /// Whether it was written when it was finished, by [`write`](mod@crate::write),
    /// and not by a recorder while it happened.
    pub(super) fn rewritten(&self) -> bool {
        self.flags & flags::NANOSECONDS != 0
    }

    /// Whether the file is a packed trace.
    pub(crate) fn is_packed(&self) -> bool {
        self.flags & flags::PACKED != 0
    }

    /// Whether this is a copy that was taken while the process recorded on.
    pub(super) fn is_copy(&self) -> bool {
        self.copied && !self.rewritten()
    }

    /// Of a copy, or what was made of one: when it was begun. All that had
    /// happened by then, on whatever CPU, is in it.
    pub(super) fn whole_until(&self) -> Option<u64> {
        let begun = match self.rewritten() {
            true => self.last_ticks,
            false => self.last_ticks.saturating_sub(self.ticks_in(SKEW_NS)),
        };
        self.copied.then_some(begun)
    }

    /// Whether a chunk drawn at these ticks came after the copy was begun. What
    /// lies between it and what was copied before may not be there.
    pub(super) fn is_later(&self, ticks: u64) -> bool {
        self.is_copy() && ticks > self.last_ticks
    }

    /// What is known of the process that recorded the file. `locked` says that
    /// somebody records into it now.
    pub(super) fn who_records(&self, locked: bool) -> WhoRecords {
        let (start, boot) = self.process;
        let lives = || running::is_alive(self.pid, start, boot) == Some(true);
        match (self.complete, self.copied || self.rewritten()) {
            (true, _) | (_, true) => WhoRecords::Nobody,
            _ if locked => WhoRecords::Process,
            _ if lives() => WhoRecords::Elsewhere,
            _ => WhoRecords::Dead,
        }
    }

    /// Whether chunks were recycled while it was recorded.
    pub(super) fn is_flight(&self) -> bool {
        self.flags & flags::FLIGHT != 0
    }

    /// Ticks that pass in `ns`, about; more rather than fewer while nothing is
    /// known of their length.
    pub(super) fn ticks_in(&self, ns: u64) -> u64 {
        let span = self.last_ticks.saturating_sub(self.start_ticks);
        match self.last_ns {
            0 => ns.saturating_mul(8),
            last => {
                let ticks = u128::from(ns) * u128::from(span) / u128::from(last);
                u64::try_from(ticks).unwrap_or(u64::MAX)
            }
        }
    }

    /// Nanoseconds since the start of a time as stored.
    pub(super) fn nanoseconds(&self, ticks: u64) -> u64 {
        if self.rewritten() {
            return ticks;
        }
        let since = ticks.saturating_sub(self.start_ticks);
        let span = self.last_ticks.saturating_sub(self.start_ticks);
        if span == 0 || self.last_ns == 0 {
            // Died before its first calibration: ticks are all there is.
            return since;
        }
        let ns = u128::from(since) * u128::from(self.last_ns) / u128::from(span);
        // NO_TIME is not a time.
        u64::try_from(ns).unwrap_or(u64::MAX).min(u64::MAX - 1)
    }
}

fn not_a_trace(file: &[u8]) -> String {
    if start::is_unfinished(file) {
        return "the header was never finished: the recorded process ended before it could; \
                record again"
            .to_owned();
    }
    "is neither a .trace file nor a text trace; give a file that hbtrace recorded".to_owned()
}

fn wrong_version(version: u32, bits: u32) -> Option<String> {
    if version > VERSION {
        return Some(format!(
            "the trace is too new: format version {version}, this hbtrace reads versions up to \
             {VERSION}; update hbtrace"
        ));
    }
    if version < OLDEST {
        return Some(format!(
            "the trace is too old: format version {version}, this hbtrace reads versions from \
             {OLDEST} on; record again"
        ));
    }
    let unknown = bits & flags::MUST_KNOW & !(flags::FLIGHT | flags::PACKED);
    (unknown != 0).then(|| {
        format!("the trace uses features {unknown:#x}, unknown to this hbtrace; update hbtrace")
    })
}

fn arguments(page: &[u8], length: u32) -> Vec<String> {
    let end = header::ARGUMENTS.saturating_add(length as usize);
    let bytes = &page[header::ARGUMENTS..end.min(page.len())];
    bytes
        .split_inclusive(|&byte| byte == 0)
        .map(|argument| {
            let argument = argument.strip_suffix(&[0]).unwrap_or(argument);
            String::from_utf8_lossy(argument).into_owned()
        })
        .collect()
}
