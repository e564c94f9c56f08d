//! The files of the model: a header, tables, and chunks of a page each.

use hbtrace_traces::format::layout::{
    CHUNK_HEADER, MAGIC, PAGE, StreamKind, VERSION, chunk, flags, header,
};
use hbtrace_traces::format::table::{self, Record};
use hbtrace_traces::id::{Location, ObjectId};
use hbtrace_traces::trace::Trace;

/// A chunk.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    pub(super) stream: StreamKind,
    pub(super) thread: u32,
    pub(super) sequence: u32,
    pub(super) position: u64,
    pub(super) site: u32,
    pub(super) accesses: u64,
    pub(super) ticks: u64,
    pub(super) closed: bool,
    pub(super) words: Vec<u64>,
}

/// The tables of a text trace, as chunks.
pub(super) fn tables(trace: &Trace) -> Vec<Chunk> {
    let mut chunks: Vec<Chunk> = Vec::new();
    for record in records(trace) {
        let words = words_of(&record);
        let room = (PAGE - CHUNK_HEADER) / 8 - 1;
        let full = |chunk: &Chunk| chunk.words.len() + words.len() > room;
        if chunks.last().is_none_or(full) {
            chunks.push(Chunk {
                stream: StreamKind::Table,
                thread: 0,
                sequence: chunks.len() as u32,
                position: 0,
                site: 0,
                accesses: 0,
                ticks: 1,
                closed: false,
                words: Vec::new(),
            });
        }
        if let Some(chunk) = chunks.last_mut() {
            chunk.words.extend(words);
        }
    }
    chunks
}

fn records(trace: &Trace) -> Vec<Record> {
    let mut records = Vec::new();
    for (thread, label) in (0..).zip(&trace.threads) {
        records.push(Record::Thread {
            thread,
            os_id: thread + 1,
            name: Some(label.name.clone()),
            foreign: false,
        });
    }
    for (object, it) in (0..).zip(&trace.objects) {
        let own =
            |location: &Location| *location == Location::of_object(ObjectId(object), location.len);
        let (len, address) = match it.location {
            None => (0, 0),
            Some(location) if own(&location) => (location.len, 0),
            Some(location) => (location.len, location.start),
        };
        records.push(Record::Object {
            object,
            kind: it.kind as u8,
            name: Some(it.name.clone()),
            site: it.site.0,
            len,
            address,
        });
    }
    for (site, it) in &trace.sites {
        records.push(Record::Site {
            site: site.0,
            file: it.text.clone(),
            line: 0,
            column: 0,
        });
    }
    records
}

fn words_of(record: &Record) -> Vec<u64> {
    let record = table::encode(record).unwrap_or_default();
    let mut bytes = (record.len() as u32).to_le_bytes().to_vec();
    bytes.extend_from_slice(&record);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    let (words, _) = bytes.as_chunks::<8>();
    words.iter().map(|word| u64::from_le_bytes(*word)).collect()
}

/// A file of these chunks; where one was recycled it is empty. A tick is a
/// nanosecond.
pub(super) fn file(chunks: &[Option<Chunk>], evicted_until: Option<u64>, last: u64) -> Vec<u8> {
    let mut file = vec![0; PAGE * (1 + chunks.len())];
    let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    let end = (PAGE * (1 + chunks.len())) as u64;
    put(header::MAGIC, &MAGIC);
    put(header::VERSION, &VERSION.to_le_bytes());
    put(header::HEADER_SIZE, &(PAGE as u32).to_le_bytes());
    put(header::PAGE_SIZE, &(PAGE as u32).to_le_bytes());
    put(header::START_TICKS, &1_u64.to_le_bytes());
    put(header::LAST_TICKS, &(last + 1).to_le_bytes());
    put(header::LAST_NS, &last.to_le_bytes());
    put(header::ALLOCATED, &end.to_le_bytes());
    put(header::STATE, &1_u32.to_le_bytes());
    if let Some(evicted) = evicted_until {
        put(header::FLAGS, &flags::FLIGHT.to_le_bytes());
        put(header::EVICTED_UNTIL, &evicted.to_le_bytes());
    }
    for (index, it) in chunks.iter().enumerate() {
        let at = PAGE * (1 + index);
        let Some(it) = it else { continue };
        put(at + chunk::MAGIC, &chunk::MAGIC_VALUE.to_le_bytes());
        put(at + chunk::STREAM, &[it.stream as u8]);
        put(at + chunk::STATE, &[1 + u8::from(it.closed)]);
        put(at + chunk::OFFSET, &(at as u64).to_le_bytes());
        put(at + chunk::SIZE, &(PAGE as u32).to_le_bytes());
        let used = if it.closed { it.words.len() * 8 } else { 0 };
        put(at + chunk::USED, &(used as u32).to_le_bytes());
        put(at + chunk::WRITER, &it.thread.to_le_bytes());
        put(at + chunk::THREAD, &it.thread.to_le_bytes());
        put(at + chunk::SEQUENCE, &it.sequence.to_le_bytes());
        put(at + chunk::SITE, &it.site.to_le_bytes());
        put(at + chunk::ACCESSES, &it.accesses.to_le_bytes());
        put(at + chunk::POSITION, &it.position.to_le_bytes());
        put(at + chunk::TICKS, &it.ticks.to_le_bytes());
        for (word, value) in it.words.iter().enumerate() {
            put(at + CHUNK_HEADER + word * 8, &value.to_le_bytes());
        }
    }
    file
}
