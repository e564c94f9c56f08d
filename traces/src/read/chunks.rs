//! The index of a file's chunks, and how far each was written.
//!
//! Chunks lie end to end. Where none begins (its writer died between drawing
//! the space and writing the header, or the file is damaged), the search goes
//! on at the next page: a chunk's header bears its own offset, so nothing else
//! is taken for one.

use std::ops::Range;

use super::header::{Header, u32_at, u64_at};
use crate::format::layout::{CHUNK_HEADER, CHUNK_LIMIT, StreamKind, chunk};
use crate::format::words::{self, AccessWord, Escape};
use crate::mapped::{Mapping, Run};

/// All chunks of a file.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Runs of sync events, by thread and position.
    pub(super) sync: Vec<Run>,
    /// Runs of accesses, by thread and position.
    pub(super) accesses: Vec<Run>,
    /// Ticks and payloads of table chunks, in the order in which they were
    /// drawn.
    pub(super) tables: Vec<(u64, Range<u64>)>,
    /// The file ends within a chunk.
    pub(super) cut: bool,
    /// Pages that are neither part of a chunk nor empty.
    pub(super) strange_pages: u64,
    /// Ticks when the last chunk of the file was drawn, of those that were
    /// drawn in order.
    pub(super) last_drawn: u64,
    /// Flight recordings: ticks by which everything had happened that is gone
    /// of threads of which something is left.
    pub(super) gone_until: u64,
}

/// A chunk, as its header tells it.
pub(crate) struct Chunk {
    pub(crate) stream: StreamKind,
    /// Its space waits to be used again.
    free: bool,
    switches: bool,
    reused: bool,
    pub(crate) size: u64,
    /// As far as it was written, if it is closed, and within the trace.
    pub(crate) payload: Range<u64>,
    run: Run,
}

/// Finds all chunks.
pub(super) fn index(mapping: &Mapping, header: &Header) -> Index {
    let mut index = Index::default();
    let len = mapping.len();
    let mut at = header.size;
    while at < len {
        let Some(chunk) = chunk_at(mapping, header, at) else {
            let next = at.saturating_add(header.page);
            if is_strange(mapping.bytes(at..next).words()) {
                index.strange_pages += 1;
            }
            let data = mapping.skip_zeros(next);
            at = next + (data - next) / header.page * header.page;
            continue;
        };
        let end = at.saturating_add(chunk.size);
        index.cut |= end > len;
        if !chunk.reused {
            index.last_drawn = index.last_drawn.max(chunk.run.ticks);
        }
        if !chunk.free && !header.is_later(chunk.run.ticks) {
            index.add(mapping, chunk);
        }
        at = end;
    }
    // A chunk that was used again may lie before older ones.
    index.tables.sort_by_key(|(ticks, _)| *ticks);
    index.sync.sort_by_key(|run| (run.thread, run.position));
    index.accesses.sort_by_key(|run| (run.thread, run.position));
    if header.is_flight() && !header.rewritten() {
        let sync = keep_last(&mut index.sync, header.evicted_until);
        let accesses = keep_last(&mut index.accesses, header.evicted_until);
        index.gone_until = sync.max(accesses);
    }
    index
}

/// Whether a page without a chunk is damaged. It is not if it is zero, or zero
/// but for a header whose magic was still to be stored when the process died.
fn is_strange(page: &[[u8; 8]]) -> bool {
    let (head, payload) = page.split_at(page.len().min(CHUNK_HEADER / 8));
    let is_zero = |words: &[[u8; 8]]| words.iter().all(|word| *word == [0; 8]);
    let begins = head.first().is_some_and(|first| first[..4] == [0; 4]);
    !is_zero(payload) || !(begins || is_zero(head))
}

/// The chunk whose header lies at `at`, if there is one.
pub(crate) fn chunk_at(mapping: &Mapping, header: &Header, at: u64) -> Option<Chunk> {
    let head = mapping.bytes(at..at.checked_add(CHUNK_HEADER as u64)?);
    let head = head.get(..CHUNK_HEADER)?;
    if u32_at(head, chunk::MAGIC)? != chunk::MAGIC_VALUE || u64_at(head, chunk::OFFSET)? != at {
        return None;
    }
    let stream = StreamKind::from_number(head[chunk::STREAM])?;
    let size = u64::from(u32_at(head, chunk::SIZE)?);
    if size == 0 || !size.is_multiple_of(header.page) || size > CHUNK_LIMIT as u64 {
        return None;
    }
    let from = at + CHUNK_HEADER as u64;
    let used = match head[chunk::STATE] {
        chunk::CLOSED => u64::from(u32_at(head, chunk::USED)?),
        chunk::FREE => 0,
        _ => size,
    };
    let end = from + used.min(size - CHUNK_HEADER as u64);
    let payload = from..end.min(mapping.len());
    let run = Run {
        thread: u32_at(head, chunk::THREAD)?,
        position: u64_at(head, chunk::POSITION)?,
        bytes: payload.clone(),
        site: u32_at(head, chunk::SITE)?,
        ticks: u64_at(head, chunk::TICKS)?,
        accesses: u64_at(head, chunk::ACCESSES),
    };
    Some(Chunk {
        stream,
        free: head[chunk::STATE] == chunk::FREE,
        switches: head[chunk::SWITCHES] != 0,
        reused: head[chunk::REUSED] != 0,
        size,
        payload,
        run,
    })
}

impl Index {
    fn add(&mut self, mapping: &Mapping, chunk: Chunk) {
        match chunk.stream {
            StreamKind::Table => self.tables.push((chunk.run.ticks, chunk.payload)),
            StreamKind::Sync => {
                let before = self.sync.len();
                sync_runs(mapping, chunk, &mut self.sync);
                debug_assert!(self.sync.len() >= before, "runs are only added");
            }
            StreamKind::Access => access_runs(mapping, chunk, &mut self.accesses),
        }
    }
}

/// Splits a sync chunk at its switches, and finds its end: the first word of
/// an event is stored last and is never zero. A switch that the header does not
/// allow stays in the run, where it is no event and hence damage.
fn sync_runs(mapping: &Mapping, chunk: Chunk, runs: &mut Vec<Run>) {
    let mut run = chunk.run;
    let bytes = mapping.bytes(run.bytes.clone());
    let words = bytes.words();
    let start = run.bytes.start;
    let mut at = 0;
    while let Some(first) = words.get(at).map(|word| u64::from_le_bytes(*word)) {
        let next = at + words::sync_words(first);
        if first == 0 || next > words.len() {
            break;
        }
        if first as u8 == words::SWITCH && chunk.switches {
            run.bytes.end = start + at as u64 * 8;
            runs.push(run.clone());
            run.thread = u64::from_le_bytes(words[at + 1]) as u32;
            run.position = u64::from_le_bytes(words[at + 2]);
            run.accesses = None;
            run.bytes.start = start + next as u64 * 8;
        }
        at = next;
    }
    run.bytes.end = start + at as u64 * 8;
    runs.push(run);
}

/// Finds the end of an access chunk's words, and splits it at its switches.
fn access_runs(mapping: &Mapping, chunk: Chunk, runs: &mut Vec<Run>) {
    let mut run = chunk.run;
    // Words are written in order and none is zero.
    let end = mapping.written(run.bytes.clone());
    let start = run.bytes.start;
    run.bytes.end = start + end as u64 * 8;
    if !chunk.switches {
        runs.push(run);
        return;
    }
    let bytes = mapping.bytes(run.bytes.clone());
    let mut next_thread = None;
    for (at, word) in bytes.words().iter().enumerate() {
        let Some(AccessWord::Escape(escape, value)) =
            words::decode_access(u64::from_le_bytes(*word))
        else {
            continue;
        };
        match (escape, next_thread) {
            (Escape::Thread, _) => next_thread = Some((value as u32, at)),
            (Escape::Position, Some((thread, switch))) => {
                run.bytes.end = start + switch as u64 * 8;
                runs.push(run.clone());
                run.thread = thread;
                run.position = value;
                run.site = 0;
                run.bytes.start = start + (at as u64 + 1) * 8;
                next_thread = None;
            }
            _ => {}
        }
    }
    // A switch that was not completed by its position ends the run.
    let end = next_thread.map_or(end, |(_, switch)| switch);
    run.bytes.end = start + end as u64 * 8;
    runs.push(run);
}

/// Keeps of each thread what lies behind the last gap that recycling made: one
/// before a chunk that was drawn by `evicted`. (Any other gap is damage.) Gives
/// the latest ticks at which a first chunk was drawn that is not its stream's
/// first. `runs` are sorted by thread and position.
fn keep_last(runs: &mut Vec<Run>, evicted: u64) -> u64 {
    let (mut kept, mut latest): (Vec<Run>, u64) = (Vec::with_capacity(runs.len()), 0);
    for of_thread in runs.chunk_by(|one, next| one.thread == next.thread) {
        let is_gap = |pair: &[Run]| {
            let end = pair[0].position.checked_add(pair[0].words());
            end != Some(pair[1].position) && pair[1].ticks <= evicted
        };
        let last = of_thread.windows(2).rposition(is_gap);
        let left = &of_thread[last.map_or(0, |before| before + 1)..];
        if let Some(run) = left.first().filter(|run| run.position > 0) {
            latest = latest.max(run.ticks);
        }
        kept.extend_from_slice(left);
    }
    *runs = kept;
    latest
}
