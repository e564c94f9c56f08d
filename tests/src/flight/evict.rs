//! The flight form of a recording that was made as a stream: the file without
//! the chunks that a pool would have recycled by some instant.
//!
//! A chunk is known to have been done with when the next one of its stream was
//! drawn, or soon after the last event of a thread that has ended (for which
//! every event has to be stamped); one that several threads have written, when
//! all of them have ended.

use std::collections::{BTreeMap, BTreeSet};

use hbtrace_traces::event::{NO_TIME, SyncEvent};
use hbtrace_traces::format::layout::{CHUNK_HEADER, PAGE, StreamKind, chunk, flags, header};
use hbtrace_traces::format::words::{self, AccessWord, Escape};
use hbtrace_traces::kind::Kind;

/// Ticks until a thread has closed its chunks after its last event.
const SOON: u64 = 20_000_000;

/// A chunk of a thread.
#[derive(Debug)]
struct Chunk {
    at: usize,
    size: usize,
    position: u64,
    ticks: u64,
    /// Threads that have written it; more than one if it was handed on.
    threads: Vec<u32>,
}

type Streams = BTreeMap<(u32, u8), Vec<Chunk>>;

/// First and last ticks at which a chunk of a thread was drawn.
#[must_use]
pub fn span(stream: &[u8]) -> (u64, u64) {
    let chunks = chunks(stream);
    let ticks = chunks.values().flatten().map(|chunk| chunk.ticks);
    let (first, last) = (ticks.clone().min(), ticks.max());
    (first.unwrap_or(0), last.unwrap_or(0))
}

/// The file as it would be had all chunks been recycled that were closed by
/// `until`; and how many those are.
#[must_use]
pub fn evict(stream: &[u8], until: u64) -> (Vec<u8>, usize) {
    let mut flight = stream.to_vec();
    let chunks = chunks(stream);
    let ends = ends(stream, &chunks);
    let mut gone = 0;
    for chunks in chunks.values() {
        for (index, chunk) in chunks.iter().enumerate() {
            let next = chunks.get(index + 1).filter(|_| chunk.threads.len() == 1);
            let ended = chunk.threads.iter().map(|thread| ends.get(thread));
            let ended = ended.map(|end| end.map_or(u64::MAX, |end| end.saturating_add(SOON)));
            let closed = next.map(|next| next.ticks).or(ended.max());
            if closed.is_some_and(|closed| closed <= until) {
                flight[chunk.at..chunk.at + chunk.size].fill(0);
                gone += 1;
            }
        }
    }
    let mut put = |at: usize, bytes: &[u8]| flight[at..at + bytes.len()].copy_from_slice(bytes);
    let bits = u32_of(stream, header::FLAGS) | flags::FLIGHT;
    put(header::FLAGS, &bits.to_le_bytes());
    put(header::EVICTED_UNTIL, &until.to_le_bytes());
    (flight, gone)
}

/// The chunks of each thread's streams, by position.
fn chunks(file: &[u8]) -> Streams {
    let mut streams = Streams::new();
    let mut at = PAGE;
    while at + CHUNK_HEADER <= file.len() {
        let begun = u32_of(file, at + chunk::MAGIC) == chunk::MAGIC_VALUE
            && u64_of(file, at + chunk::OFFSET) == at as u64;
        if !begun {
            at += PAGE;
            continue;
        }
        let size = u32_of(file, at + chunk::SIZE) as usize;
        let kind = file[at + chunk::STREAM];
        if kind != StreamKind::Table as u8 {
            let thread = u32_of(file, at + chunk::THREAD);
            streams.entry((thread, kind)).or_default().push(Chunk {
                at,
                size,
                position: u64_of(file, at + chunk::POSITION),
                ticks: u64_of(file, at + chunk::TICKS),
                threads: threads(file, at, size),
            });
        }
        at += size;
    }
    for chunks in streams.values_mut() {
        chunks.sort_by_key(|chunk| chunk.position);
    }
    streams
}

/// The words of the chunk's payload.
fn payload(file: &[u8], at: usize, size: usize) -> Vec<u64> {
    let payload = file.get(at + CHUNK_HEADER..at + size).unwrap_or_default();
    let (words, _) = payload.as_chunks::<8>();
    words.iter().map(|word| u64::from_le_bytes(*word)).collect()
}

/// The threads that have written the chunk.
fn threads(file: &[u8], at: usize, size: usize) -> Vec<u32> {
    let mut threads = vec![u32_of(file, at + chunk::THREAD)];
    if file[at + chunk::SWITCHES] == 0 {
        return threads;
    }
    let words = payload(file, at, size);
    if file[at + chunk::STREAM] == StreamKind::Sync as u8 {
        events(&words, |thread, _| threads.extend(thread));
        return threads;
    }
    let switches = words
        .iter()
        .filter_map(|word| match words::decode_access(*word) {
            Some(AccessWord::Escape(Escape::Thread, thread)) => Some(thread as u32),
            _ => None,
        });
    threads.extend(switches);
    threads
}

/// Calls `visit` with the thread of every switch, and with every event.
fn events(words: &[u64], mut visit: impl FnMut(Option<u32>, Option<SyncEvent>)) {
    let (mut at, mut before) = (0, None);
    while let Some(first) = words.get(at).copied().filter(|first| *first != 0) {
        if first as u8 == words::SWITCH {
            visit(words.get(at + 1).map(|thread| *thread as u32), None);
            before = None;
        } else {
            let decoded = words::decode_sync(&words[at..], before);
            before = decoded.and_then(|it| it.second);
            visit(None, decoded.map(|it| it.event));
        }
        at += words::sync_words(first);
    }
}

/// The last stamp of each thread that has ended.
fn ends(file: &[u8], streams: &Streams) -> BTreeMap<u32, u64> {
    let (mut ended, mut last) = (BTreeSet::new(), BTreeMap::new());
    let sync = streams
        .iter()
        .filter(|((_, kind), _)| *kind == StreamKind::Sync as u8);
    for ((thread, _), chunks) in sync {
        for chunk in chunks {
            let mut writes = *thread;
            events(&payload(file, chunk.at, chunk.size), |switch, event| {
                writes = switch.unwrap_or(writes);
                let Some(event) = event else { return };
                let end = last.entry(writes).or_insert(0_u64);
                if event.time != NO_TIME {
                    *end = event.time.max(*end);
                }
                if event.kind == Kind::ThreadEnd {
                    ended.insert(writes);
                }
            });
        }
    }
    last.retain(|thread, _| ended.contains(thread));
    last
}

fn u32_of(bytes: &[u8], at: usize) -> u32 {
    let field = bytes.get(at..).and_then(|rest| rest.first_chunk());
    u32::from_le_bytes(field.copied().unwrap_or_default())
}

fn u64_of(bytes: &[u8], at: usize) -> u64 {
    let field = bytes.get(at..).and_then(|rest| rest.first_chunk());
    u64::from_le_bytes(field.copied().unwrap_or_default())
}
