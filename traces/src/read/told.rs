//! What a person should know about a trace: where it comes from, how whole it
//! is.

use std::path::Path;

use super::chunks::Index;
use super::header::Header;
use super::tables::Tables;
use crate::format::layout::flags;
use crate::trace::{Info, WhoRecords};

/// What was seen of a file.
pub(super) struct Seen {
    pub(super) header: Header,
    pub(super) index: Index,
    pub(super) tables: Tables,
    pub(super) file_len: u64,
    /// Bytes of the packed file that it lies in.
    pub(super) packed_len: Option<u64>,
    /// It is still recorded into.
    pub(super) live: bool,
    /// Events of a thread are missing or damaged.
    pub(super) broken: bool,
    /// First byte where an event should be and none is.
    pub(super) damaged_at: Option<u64>,
    pub(super) horizon: Option<u64>,
    /// Ticks from which on a flight recording is whole.
    pub(super) window: Option<u64>,
}

impl Seen {
    /// Whether the file ends before what was handed out of it.
    pub(super) fn is_cut(&self) -> bool {
        self.index.cut || self.file_len < self.header.allocated
    }

    fn is_truncated(&self) -> bool {
        let damaged = self.index.strange_pages > 0 || self.tables.damaged > 0 || self.broken;
        self.is_cut() || self.live || damaged
    }
}

/// What the header says about the trace, and a sentence for everything that is
/// not as it should be.
pub(super) fn info(path: &Path, seen: &Seen) -> Info {
    let header = &seen.header;
    Info {
        file: path.to_owned(),
        format: "trace",
        imported: header.flags & flags::IMPORTED != 0,
        arguments: header.arguments.clone(),
        cpus: header.cpus,
        pid: header.pid,
        start_utc_ns: header.start_utc,
        complete: header.complete,
        truncated: seen.is_truncated(),
        cut: seen.is_cut(),
        file_len: seen.file_len,
        packed_len: seen.packed_len,
        flight: header.is_flight(),
        verdicts_from: verdicts_from(seen),
        verdicts_to: seen.horizon.map(|horizon| header.nanoseconds(horizon)),
        lost_events: header.lost_accesses.saturating_add(header.lost_sync),
        lost_sync_events: header.lost_sync,
        helper_ns: header.helper_ns,
        waited_ms: header.waited_ms,
        chunks_behind: header.behind,
        short_pool: header.pool,
        who_records: header.who_records(seen.live),
        warnings: warnings(seen),
        ..Info::default()
    }
}

/// From when on a flight recording, or what was made of one, is whole.
fn verdicts_from(seen: &Seen) -> Option<u64> {
    let header = &seen.header;
    let converted = header.is_flight() && header.rewritten() && header.evicted_until > 0;
    let from = seen.window.or(converted.then_some(header.evicted_until));
    from.map(|from| header.nanoseconds(from))
}

fn warnings(seen: &Seen) -> Vec<String> {
    let mut warnings: Vec<String> = end(seen).into_iter().collect();
    if seen.header.flags & flags::LATE_START != 0 {
        warnings.push("recording began while the program was already running".to_owned());
    }
    damage(seen, &mut warnings);
    losses(&seen.header, &mut warnings);
    let short = seen.header.pool;
    warnings
        .extend(short.map(|pool| format!("the pool is small, it holds less of the past: {pool}")));
    warnings.extend(verdicts_from(seen).map(before));
    warnings.extend(seen.horizon.map(|horizon| beyond(seen, horizon)));
    warnings
}

/// Since when a flight recording is whole.
fn before(from: u64) -> String {
    let (ms, us) = (from / 1_000_000, from / 1_000 % 1_000);
    format!(
        "a flight recording: verdicts hold from {ms}.{us:03} ms after the start on; what came \
         before is not compared"
    )
}

/// What is not compared.
fn beyond(seen: &Seen, horizon: u64) -> String {
    let ms = seen.header.nanoseconds(horizon) / 1_000_000;
    match seen.header.rewritten() && horizon == 0 {
        true => "the file is not whole, so nothing of it is compared; convert it again".to_owned(),
        false => format!(
            "events are missing: accesses later than {ms} ms after the start are not compared"
        ),
    }
}

/// How the recording ended, if it did not end well.
fn end(seen: &Seen) -> Option<String> {
    let pid = seen.header.pid;
    match seen.header.who_records(seen.live) {
        WhoRecords::Process => Some(format!(
            "process {pid} still records: analysed as far as it was written when it was read"
        )),
        WhoRecords::Elsewhere => Some(format!(
            "a copy that was made while process {pid} recorded, which is alive: analysed as far \
             as it goes"
        )),
        WhoRecords::Nobody if seen.header.is_copy() => {
            Some("a snapshot, taken while the process recorded on".to_owned())
        }
        WhoRecords::Nobody if seen.header.complete => None,
        WhoRecords::Nobody => {
            Some("the recording was not closed: analysed as far as it was written".to_owned())
        }
        WhoRecords::Dead => Some(format!(
            "the recording was not closed, as process {pid} died: analysed as far as it was \
             written"
        )),
    }
}

fn damage(seen: &Seen, warnings: &mut Vec<String>) {
    let (found, expected) = (seen.file_len, seen.header.allocated);
    if seen.is_cut() {
        warnings.push(format!(
            "the file is cut: it has {found} of {expected} bytes; copy it again if you can"
        ));
    }
    let pages = seen.index.strange_pages;
    if pages > 0 {
        warnings.push(format!(
            "{pages} pages of the file are damaged and were passed over"
        ));
    }
    if let Some(byte) = seen.damaged_at {
        warnings.push(format!(
            "byte {byte}: expected an event and found none: what its thread did from there on \
             is missing; copy the file again if you can"
        ));
    }
    let records = seen.tables.damaged;
    if records > 0 {
        warnings.push(format!(
            "{records} table records are damaged: some names are missing"
        ));
    }
}

fn losses(header: &Header, warnings: &mut Vec<String>) {
    let (accesses, events) = (header.lost_accesses, header.lost_sync);
    if accesses > 0 {
        warnings.push(format!(
            "{accesses} accesses were lost while recording: races among them are missed; deadlocks \
             and contention do not suffer"
        ));
    }
    if events > 0 {
        warnings.push(format!(
            "{events} synchronisation events were lost while recording: races and deadlocks from \
             the first of them on are missed, and waits and holds from there on are not known"
        ));
    }
}
