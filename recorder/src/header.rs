//! The header page of the file being recorded.
//!
//! Every field is stored on its own and atomically, so that a file cut at any
//! instant has a header that reads. Counters of what was lost are updated in
//! place: there is no "at exit" for a process that is killed.
#![allow(unsafe_code)] // Stores into the mapped file.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::time::{SystemTime, UNIX_EPOCH};

use hbtrace_traces::format::layout::{MAGIC, PAGE, VERSION, header};
use hbtrace_traces::format::running;
use memmap2::{MmapOptions, MmapRaw};
use portable_atomic::AtomicU128;

use crate::primitive::{AtomicU32, AtomicU64, Ordering};
use crate::ticks::Start;

/// The mapped header page.
pub(crate) struct Header {
    page: MmapRaw,
}

const _: () =
    assert!(header::LAST_TICKS.is_multiple_of(16) && header::LAST_NS == header::LAST_TICKS + 8);

impl Header {
    /// Maps the header of `file`, which must be at least a page long.
    pub(crate) fn map(file: &File) -> io::Result<Header> {
        let page = MmapOptions::new().len(PAGE).map_raw(file)?;
        Ok(Header { page })
    }

    /// Fills in what is known at the start; the magic bytes come last.
    pub(crate) fn begin(&self, start: &Start, flags: u32) {
        self.set_u32(header::VERSION, VERSION);
        self.set_u32(header::FLAGS, flags);
        self.set_u32(header::HEADER_SIZE, PAGE as u32);
        self.set_u32(header::PAGE_SIZE, PAGE as u32);
        self.set_u32(header::PID, std::process::id());
        let cpus = std::thread::available_parallelism().map_or(0, usize::from);
        self.set_u32(header::CPUS, cpus as u32);
        let utc = SystemTime::now().duration_since(UNIX_EPOCH);
        self.set_u64(
            header::START_UTC,
            utc.map_or(0, |utc| utc.as_nanos() as u64),
        );
        self.set_u64(header::START_TICKS, start.ticks);
        self.calibrate(start);
        self.arguments(std::env::args_os());
        self.process();
        self.set_u64(header::MAGIC, u64::from_le_bytes(MAGIC));
    }

    /// Stores the pair of ticks and nanoseconds now, in one piece: half a pair
    /// would bend all times of a killed run.
    pub(crate) fn calibrate(&self, start: &Start) {
        let (ticks, ns) = start.pair();
        let at = self.at(header::LAST_TICKS).cast::<u128>();
        // SAFETY: 16 bytes of the page, aligned (asserted above), mapped as
        // long as `self` lives, and only touched by such stores.
        let pair = unsafe { AtomicU128::from_ptr(at) };
        // Relaxed: read from the file, by another process.
        pair.store(u128::from(ns) << 64 | u128::from(ticks), Ordering::Relaxed);
    }

    /// Which process it is, where ids are used again.
    fn process(&self) {
        self.set_u64(header::PROCESS_START, running::start().unwrap_or(0));
        for (half, at) in running::boot().unwrap_or_default().iter().zip([0, 8]) {
            self.set_u64(header::BOOT + at, *half);
        }
    }

    /// As many whole arguments as fit.
    fn arguments(&self, arguments: impl Iterator<Item = OsString>) {
        let mut used = 0;
        for argument in arguments {
            let bytes = argument.as_bytes();
            if used + bytes.len() + 1 > header::ARGUMENTS_END - header::ARGUMENTS {
                break;
            }
            let to = self.at(header::ARGUMENTS + used);
            // SAFETY: the argument fits into the page, as just checked, and
            // the page is mapped; nobody else writes this part of it.
            unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
            used += bytes.len() + 1;
        }
        self.set_u32(header::ARGUMENTS_LENGTH, used as u32);
    }

    fn at(&self, offset: usize) -> *mut u8 {
        debug_assert!(offset < PAGE, "a header field lies in the header page");
        self.page.as_mut_ptr().wrapping_add(offset)
    }

    /// Stores a u32 field.
    pub(crate) fn set_u32(&self, offset: usize, value: u32) {
        // SAFETY: an aligned field of the mapped page, only accessed
        // atomically.
        let field = unsafe { AtomicU32::from_ptr(self.at(offset).cast()) };
        // Release: what was written before is in the file before it.
        field.store(value.to_le(), Ordering::Release);
    }

    /// Stores a u64 field.
    pub(crate) fn set_u64(&self, offset: usize, value: u64) {
        // Release: as above.
        self.field(offset).store(value.to_le(), Ordering::Release);
    }

    /// Adds to a counter.
    pub(crate) fn add(&self, offset: usize, value: u64) {
        // Relaxed: a counter.
        self.field(offset).fetch_add(value, Ordering::Relaxed);
    }

    /// Raises a u64 field to at least `value`.
    pub(crate) fn raise(&self, offset: usize, value: u64) {
        // Release: as above; whoever raises it further keeps it so.
        self.field(offset).fetch_max(value, Ordering::Release);
    }

    /// Adds to a u32 counter.
    pub(crate) fn add_u32(&self, offset: usize, value: u32) {
        // SAFETY: an aligned field of the mapped page, only accessed
        // atomically.
        let field = unsafe { AtomicU32::from_ptr(self.at(offset).cast()) };
        // Relaxed: a counter.
        field.fetch_add(value, Ordering::Relaxed);
    }

    /// Stores a u64 field if it is still zero.
    pub(crate) fn set_first(&self, offset: usize, value: u64) {
        // Relaxed: whoever is first; nothing is published by it.
        let _ = self
            .field(offset)
            .compare_exchange(0, value, Ordering::Relaxed, Ordering::Relaxed);
    }

    fn field(&self, offset: usize) -> &AtomicU64 {
        // SAFETY: an aligned field of the mapped page, only accessed
        // atomically, mapped as long as `self` lives.
        unsafe { AtomicU64::from_ptr(self.at(offset).cast()) }
    }
}
