//! Writes a trace that is at hand as a `.trace` file (`hbtrace convert`).
//!
//! The recorder writes the same format live, chunk by chunk; here all is known
//! beforehand, so chunks are written full and closed, thread by thread. Times
//! stand in nanoseconds, and what only imported traces have (stamps, times of
//! accesses, slices) is kept, so that a text trace comes back exactly as it
//! was.
//!
//! The file appears under its name only when it is whole: it is written beside
//! it first. So a trace may be converted onto itself, and nobody ever maps a
//! file that is being shortened.

mod chunks;
mod streams;
mod tables;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use self::chunks::Chunks;
use crate::error::{Error, ErrorKind, Place};
use crate::format::layout::{MAGIC, PAGE, VERSION, flags, header};
use crate::trace::Trace;

/// Writes `trace` to `path`, in place of what is there.
///
/// # Errors
/// If the file can't be written, or a name is too long for the format.
pub fn write(trace: &Trace, path: &Path) -> Result<(), Error> {
    let fail = |message: String| Error::new(path, Place::File, ErrorKind::Unwritable, message);
    let draft = beside(path);
    let written = write_draft(trace, &draft).and_then(|()| std::fs::rename(&draft, path));
    written.map_err(|error| {
        // The draft is of no use; that it could not be removed either is not
        // the error to report.
        let _ = std::fs::remove_file(&draft);
        match error.kind() {
            io::ErrorKind::InvalidData => fail(error.to_string()),
            _ => fail(format!(
                "can't be written: {error}; check the folder, its permissions and its space"
            )),
        }
    })
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    PathBuf::from(name)
}

fn write_draft(trace: &Trace, path: &Path) -> io::Result<()> {
    let mut chunks = Chunks::new(File::create(path)?)?;
    tables::write(trace, &mut chunks)?;
    for (thread, stream) in (0..).zip(&trace.streams) {
        streams::write(thread, stream, &mut chunks)?;
    }
    let head = head(trace, chunks.end());
    chunks.finish(&head)
}

/// The header page of a file that is `end` bytes long.
fn head(trace: &Trace, end: u64) -> [u8; PAGE] {
    let info = &trace.info;
    let mut page = [0; PAGE];
    let mut put = |at: usize, bytes: &[u8]| page[at..at + bytes.len()].copy_from_slice(bytes);
    put(header::MAGIC, &MAGIC);
    put(header::VERSION, &VERSION.to_le_bytes());
    put(header::FLAGS, &flags_of(trace).to_le_bytes());
    put(header::HEADER_SIZE, &(PAGE as u32).to_le_bytes());
    put(header::PAGE_SIZE, &(PAGE as u32).to_le_bytes());
    put(header::PID, &info.pid.to_le_bytes());
    put(header::CPUS, &info.cpus.to_le_bytes());
    put(header::START_UTC, &info.start_utc_ns.to_le_bytes());
    let (first, last) = info.time.unwrap_or_default();
    put(header::START_TICKS, &first.to_le_bytes());
    put(header::LAST_TICKS, &last.to_le_bytes());
    put(header::LAST_NS, &last.to_le_bytes());
    put(header::ALLOCATED, &end.to_le_bytes());
    let lost = info.lost_events.saturating_sub(info.lost_sync_events);
    put(header::LOST_ACCESSES, &lost.to_le_bytes());
    put(header::LOST_SYNC, &info.lost_sync_events.to_le_bytes());
    put(header::LOST_FROM, &u64::MAX.to_le_bytes());
    put(
        header::EVICTED_UNTIL,
        &info.verdicts_from.unwrap_or(0).to_le_bytes(),
    );
    let whole = u32::from(info.complete && !info.truncated);
    put(header::STATE, &whole.to_le_bytes());
    if let Some(until) = info.verdicts_to {
        // Times are rounded down: what is before the last of them lies before.
        let until = until.saturating_sub(1);
        put(header::LAST_TICKS, &until.to_le_bytes());
        put(header::STATE, &2_u32.to_le_bytes());
    }
    if let Some(pool) = info.short_pool {
        put(header::POOL_ASKED, &pool.asked.to_le_bytes());
        put(header::POOL_GOT, &pool.got.to_le_bytes());
        put(header::POOL_BOUND, &pool.bound.to_le_bytes());
    }
    let mut arguments = Vec::new();
    for argument in &info.arguments {
        arguments.extend_from_slice(argument.as_bytes());
        arguments.push(0);
    }
    arguments.truncate(header::ARGUMENTS_END - header::ARGUMENTS);
    let length = arguments.len() as u32;
    put(header::ARGUMENTS_LENGTH, &length.to_le_bytes());
    put(header::ARGUMENTS, &arguments);
    page
}

fn flags_of(trace: &Trace) -> u32 {
    let mut bits = flags::NANOSECONDS;
    if trace.info.imported {
        bits |= flags::IMPORTED;
    }
    if trace.info.flight {
        bits |= flags::FLIGHT;
    }
    if trace.info.time.is_none() {
        bits |= flags::TIMELESS;
    }
    let mut events = trace.streams.iter().flat_map(|stream| &stream.sync);
    let sliced = trace.streams.iter().any(|stream| !stream.slices.is_empty());
    if sliced || events.any(|event| event.stamp != 0) {
        bits |= flags::STAMPED;
    }
    bits
}
