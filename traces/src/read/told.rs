//! What a person should know about a trace: where it comes from, how whole it
//! is.

use std::path::Path;

use super::chunks::Index;
use super::header::Header;
use super::tables::Tables;
use crate::format::layout::flags;
use crate::trace::Info;

/// What the header says about the trace.
pub(super) fn info(path: &Path, header: &Header) -> Info {
    Info {
        file: path.to_owned(),
        format: "trace",
        imported: header.flags & flags::IMPORTED != 0,
        arguments: header.arguments.clone(),
        cpus: header.cpus,
        pid: header.pid,
        start_utc_ns: header.start_utc,
        complete: header.complete,
        lost_events: header.lost_accesses.saturating_add(header.lost_sync),
        lost_sync_events: header.lost_sync,
        ..Info::default()
    }
}

/// What was seen of a file.
pub(super) struct Seen<'a> {
    pub(super) header: &'a Header,
    pub(super) index: &'a Index,
    pub(super) tables: &'a Tables,
    pub(super) file_len: u64,
    /// It is still recorded into.
    pub(super) live: bool,
    pub(super) horizon: Option<u64>,
}

/// Adds a sentence for everything that is not as it should be.
pub(super) fn warn(info: &mut Info, seen: &Seen<'_>) {
    let Seen {
        header,
        index,
        tables,
        file_len,
        live,
        horizon,
    } = *seen;
    let mut warn = |message: String| info.warnings.push(message);
    if live {
        warn(
            "the process still records: analysed as far as it was written when it was read"
                .to_owned(),
        );
    } else if !header.complete {
        warn(
            "the recording was not closed (the process was killed): \
             analysed as far as it was written"
                .to_owned(),
        );
    }
    if index.cut || file_len < header.allocated {
        let expected = header.allocated;
        warn(format!(
            "the file is cut: it has {file_len} of {expected} bytes; copy it again if you can"
        ));
    }
    if index.strange_pages > 0 {
        let pages = index.strange_pages;
        warn(format!(
            "{pages} pages of the file are damaged and were passed over"
        ));
    }
    if tables.damaged > 0 {
        let records = tables.damaged;
        warn(format!(
            "{records} table records are damaged: some names are missing"
        ));
    }
    if header.lost_accesses > 0 {
        let lost = header.lost_accesses;
        warn(format!(
            "{lost} accesses were lost while recording: races among them are missed"
        ));
    }
    if header.lost_sync > 0 {
        let lost = header.lost_sync;
        warn(format!(
            "{lost} synchronisation events were lost while recording"
        ));
    }
    if header.flags & flags::LATE_START != 0 {
        warn("recording began while the program was already running".to_owned());
    }
    if let Some(horizon) = horizon {
        let ms = header.nanoseconds(horizon) / 1_000_000;
        warn(format!(
            "events are missing: accesses later than {ms} ms after the start are not compared"
        ));
    }
}
