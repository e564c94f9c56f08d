//! The model's recorder: threads write their lines into chunks, and the pool
//! recycles the chunk that was closed first.

use std::collections::VecDeque;

use hbtrace_traces::event::{AccessKind, NO_TIME, SyncEvent};
use hbtrace_traces::format::layout::StreamKind;
use hbtrace_traces::format::words::{self, SYNC_WORDS_MAX};
use hbtrace_traces::id::SiteId;
use hbtrace_traces::kind::Gate;
use hbtrace_traces::trace::{AccessStream, Trace};

use super::file::{self, Chunk};
use super::{Item, Recording};
use crate::generate::Random;

/// Ticks from one line to the next.
const LINE: u64 = 1_000_000;
/// Clocks are off by up to half of this.
const SKEW: usize = 90_000;
/// What a reader allows for that.
const MARGIN: u64 = 100_000;

/// A thread's end of one stream.
#[derive(Default)]
struct Stream {
    /// Index of its chunk.
    chunk: Option<usize>,
    /// Words of all its chunks.
    position: u64,
    sequence: u32,
    /// Items that the chunk still takes.
    left: usize,
}

#[derive(Default)]
struct Thread {
    skew: u64,
    sync: Stream,
    access: Stream,
    mark: u64,
    last_line: usize,
}

struct Recorder<'a> {
    random: &'a mut Random,
    threads: Vec<Thread>,
    /// All that were ever drawn.
    chunks: Vec<Chunk>,
    /// Closed chunks with the line and ticks of their end, oldest first.
    closed: VecDeque<(usize, usize, u64)>,
    /// By chunk: it was recycled.
    gone: Vec<bool>,
    /// Chunks of the pool.
    pool: usize,
    drawn: usize,
    evicted_until: u64,
    gone_until: usize,
    stamps: usize,
    /// By line: its thread, chunk, and ticks if it is stamped.
    placed: Vec<Option<(usize, usize, Option<u64>)>>,
}

pub(super) fn record(
    trace: &Trace,
    lines: &[Option<(usize, Item)>],
    random: &mut Random,
) -> Recording {
    let most = [14, 60][random.below(2)];
    let pool = 2 + random.below(most);
    let stamps = [10, 30, 100][random.below(3)];
    let mut recorder = Recorder {
        threads: threads(trace, lines, random),
        random,
        chunks: Vec::new(),
        closed: VecDeque::new(),
        gone: Vec::new(),
        pool,
        drawn: 0,
        evicted_until: 0,
        gone_until: 0,
        stamps,
        placed: vec![None; lines.len()],
    };
    for (line, item) in lines.iter().enumerate() {
        let Some((thread, item)) = *item else {
            continue;
        };
        match item {
            Item::Sync(index) => recorder.sync(line, thread, trace.streams[thread].sync[index]),
            Item::Access(position) => recorder.access(line, thread, trace, position),
        }
        if recorder.threads[thread].last_line == line {
            recorder.end(line, thread);
        }
    }
    recorder.finish(trace, lines.len() as u64 * LINE)
}

fn threads(trace: &Trace, lines: &[Option<(usize, Item)>], random: &mut Random) -> Vec<Thread> {
    let mut threads: Vec<Thread> = Vec::new();
    for _ in &trace.streams {
        let skew = random.below(SKEW) as u64;
        threads.push(Thread {
            skew,
            ..Thread::default()
        });
    }
    for (line, item) in lines.iter().enumerate() {
        if let Some((thread, _)) = item {
            threads[*thread].last_line = line;
        }
    }
    threads
}

impl Recorder<'_> {
    fn ticks(&self, line: usize, thread: usize) -> u64 {
        10 * LINE + line as u64 * LINE + self.threads[thread].skew
    }

    fn sync(&mut self, line: usize, thread: usize, mut event: SyncEvent) {
        if event.is_void() {
            return;
        }
        if event.gate() != Gate::Life {
            event.stamp = 0;
        }
        event.time = NO_TIME;
        let stamped = self.random.chance(self.stamps);
        if stamped {
            event.time = self.ticks(line, thread);
        }
        let delta = self.threads[thread].access.position - self.threads[thread].mark;
        let mut out = [0; SYNC_WORDS_MAX];
        let used = words::encode_sync(&event, delta, 0, false, &mut out);
        self.put(line, thread, StreamKind::Sync, &out[..used]);
        let state = &mut self.threads[thread];
        state.mark = state.access.position;
        if let Some((_, _, time)) = &mut self.placed[line] {
            *time = stamped.then_some(event.time);
        }
    }

    fn access(&mut self, line: usize, thread: usize, trace: &Trace, position: u64) {
        let AccessStream::Owned(accesses) = &trace.streams[thread].accesses else {
            return;
        };
        let access = accesses[position as usize];
        let mut out = [0; 3];
        let used = words::encode_access(
            access.kind == AccessKind::Write,
            access.location.start,
            access.location.len,
            access.site,
            SiteId::UNKNOWN,
            &mut out,
        );
        self.put(line, thread, StreamKind::Access, &out[..used]);
    }

    fn put(&mut self, line: usize, thread: usize, kind: StreamKind, words: &[u64]) {
        if self.stream(thread, kind).left == 0 {
            self.more(line, thread, kind);
        }
        let stream = self.stream(thread, kind);
        stream.position += words.len() as u64;
        stream.left -= 1;
        if let Some(chunk) = stream.chunk {
            self.chunks[chunk].words.extend_from_slice(words);
            self.placed[line] = Some((thread, chunk, None));
        }
    }

    fn stream(&mut self, thread: usize, kind: StreamKind) -> &mut Stream {
        let thread = &mut self.threads[thread];
        match kind {
            StreamKind::Sync => &mut thread.sync,
            _ => &mut thread.access,
        }
    }

    fn more(&mut self, line: usize, thread: usize, kind: StreamKind) {
        let ticks = self.ticks(line, thread);
        self.close(line, thread, kind);
        self.make_room();
        let left = 1 + self.random.below(6);
        let mark = self.threads[thread].mark;
        let next = self.chunks.len();
        let stream = self.stream(thread, kind);
        let (position, sequence) = (stream.position, stream.sequence);
        stream.chunk = Some(next);
        stream.sequence += 1;
        stream.left = left;
        self.chunks.push(Chunk {
            stream: kind,
            thread: thread as u32,
            sequence,
            position,
            site: 0,
            accesses: mark,
            ticks,
            closed: false,
            words: Vec::new(),
        });
        self.gone.push(false);
        self.drawn += 1;
    }

    fn close(&mut self, line: usize, thread: usize, kind: StreamKind) {
        let ticks = self.ticks(line, thread);
        let stream = self.stream(thread, kind);
        stream.left = 0;
        if let Some(chunk) = stream.chunk.take() {
            self.chunks[chunk].closed = true;
            self.closed.push_back((chunk, line, ticks));
        }
    }

    /// Recycles the chunk that was closed first, if the pool is used up.
    fn make_room(&mut self) {
        if self.drawn < self.pool {
            return;
        }
        if let Some((chunk, line, ticks)) = self.closed.pop_front() {
            self.gone[chunk] = true;
            self.drawn -= 1;
            self.evicted_until = self.evicted_until.max(ticks);
            self.gone_until = self.gone_until.max(line);
        }
    }

    fn end(&mut self, line: usize, thread: usize) {
        if self.random.chance(50) {
            self.close(line, thread, StreamKind::Sync);
            self.close(line, thread, StreamKind::Access);
        }
    }

    fn finish(self, trace: &Trace, last: u64) -> Recording {
        let tables = file::tables(trace).into_iter().map(Some);
        let all: Vec<_> = tables
            .clone()
            .chain(self.chunks.iter().cloned().map(Some))
            .collect();
        let left = self.chunks.iter().zip(&self.gone);
        let left = left.map(|(chunk, gone)| (!gone).then(|| chunk.clone()));
        let left: Vec<_> = tables.chain(left).collect();
        Recording {
            stream: file::file(&all, None, last),
            flight: file::file(&left, Some(self.evicted_until), last),
            gone_until: self.gone_until,
            known: self.known(),
        }
    }

    /// By line, whether it is in the window by stamps and chunks alone.
    fn known(&self) -> Vec<bool> {
        let from = match self.evicted_until {
            0 => 0,
            until => until + MARGIN,
        };
        let mut within = vec![false; self.threads.len()];
        let known = self.placed.iter().map(|placed| {
            let Some((thread, chunk, time)) = *placed else {
                return false;
            };
            within[thread] |= from == 0 || self.chunks[chunk].ticks >= from;
            within[thread] |= time.is_some_and(|time| time >= from);
            within[thread]
        });
        known.collect()
    }
}
