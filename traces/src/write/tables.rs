//! The tables of threads, objects and sites.

use std::io;

use super::chunks::{Chunks, StreamWriter};
use crate::format::layout::StreamKind;
use crate::format::table::{self, Record};
use crate::id::{Location, ObjectId, SiteId};
use crate::trace::{Module, Object, Site, Thread, Trace};

/// Writes all tables of `trace`.
pub(super) fn write(trace: &Trace, chunks: &mut Chunks) -> io::Result<()> {
    let mut writer = StreamWriter::new(StreamKind::Table, 0);
    let sites = trace.sites.iter().map(|(id, site)| site_record(*id, site));
    let threads = (0..).zip(&trace.threads);
    let threads = threads.map(|(id, thread)| thread_record(id, thread));
    let objects = (0..).zip(&trace.objects);
    let objects = objects.map(|(id, object)| object_record(ObjectId(id), object));
    let modules = trace.info.modules.iter().map(module_record);
    let frames = trace.sites.iter().filter_map(frames_record);
    let records = modules.chain(sites).chain(frames);
    for record in records.chain(threads).chain(objects) {
        let words = words_of(&record)?;
        writer.push(&words, chunks)?;
    }
    writer.flush(chunks)
}

/// A record with its length before it and padding behind.
fn words_of(record: &Record) -> io::Result<Vec<u64>> {
    let Some(bytes) = table::encode(record) else {
        let message = format!(
            "a name is longer than the {} bytes that a record of the format may take; shorten it",
            table::RECORD_MAX
        );
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    };
    let mut padded = (bytes.len() as u32).to_le_bytes().to_vec();
    padded.extend_from_slice(&bytes);
    padded.resize(padded.len().next_multiple_of(8), 0);
    let (words, _) = padded.as_chunks::<8>();
    Ok(words.iter().map(|word| u64::from_le_bytes(*word)).collect())
}

fn module_record(module: &Module) -> Record {
    Record::Module {
        path: module.path.clone(),
        build_id: module.build_id.clone(),
    }
}

fn thread_record(id: u32, thread: &Thread) -> Record {
    Record::Thread {
        thread: id,
        os_id: thread.os_id,
        name: Some(thread.name.clone()),
        foreign: thread.foreign,
    }
}

fn object_record(id: ObjectId, object: &Object) -> Record {
    let (len, address) = match object.location {
        None => (0, 0),
        Some(location) if location == Location::of_object(id, location.len) => (location.len, 0),
        Some(location) => (location.len, location.start),
    };
    Record::Object {
        object: id.0,
        kind: object.kind as u8,
        name: Some(object.name.clone()),
        site: object.site.0,
        len,
        address,
    }
}

/// The functions of a site, the outermost left out where a record has no room
/// for all.
fn frames_record((id, site): &(SiteId, Site)) -> Option<Record> {
    let frames = site.frames.iter();
    let frames: Vec<_> = frames
        .map(|frame| (frame.function.clone(), frame.place.clone()))
        .collect();
    (1..=frames.len()).rev().find_map(|count| {
        let record = Record::Frames {
            site: id.0,
            frames: frames[..count].to_vec(),
        };
        table::encode(&record).map(|_| record)
    })
}

/// The parts of a site, or the whole text of one that is not made of them.
fn site_record(id: SiteId, site: &Site) -> Record {
    let file = site.file.as_deref().unwrap_or_default();
    let (line, column) = (site.line.unwrap_or(0), site.column.unwrap_or(0));
    let whole = match column {
        0 => format!("{file}:{line}"),
        _ => format!("{file}:{line}:{column}"),
    };
    let parted = line != 0 && whole == site.text;
    Record::Site {
        site: id.0,
        file: if parted { file } else { &site.text }.to_owned(),
        line: if parted { line } else { 0 },
        column: if parted { column } else { 0 },
    }
}
