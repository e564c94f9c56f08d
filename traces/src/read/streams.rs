//! Decodes the sync events of each thread.
//!
//! Ids are still the recorder's, and times as stored; `assemble` and `horizon`
//! take it from here.

use rustc_hash::FxHashMap;

use super::chunks::Index;
use crate::event::{NO_NUMBER, NO_TIME, NONE, SyncEvent};
use crate::format::words::{self, SYNC_WORDS_MAX};
use crate::kind::{Gate, Kind, Operands};
use crate::mapped::{Mapping, Run};

/// Largest number that an event may bear; leaves room to count phases.
const NUMBER_LIMIT: u64 = 1 << 60;

/// What was read of one thread.
#[derive(Debug, Default)]
pub(super) struct ThreadStreams {
    /// Its sync events.
    pub(super) sync: Vec<SyncEvent>,
    /// Runs of its access stream, without gaps.
    pub(super) accesses: Vec<Run>,
    /// Events of it are missing or damaged from these ticks on.
    pub(super) broken_at: Option<u64>,
    /// The first sync event of each run, and ticks when its chunk was drawn.
    pub(super) begins: Vec<(usize, u64)>,
    /// Byte of the file where an event should be and none is.
    pub(super) damaged_at: Option<u64>,
}

impl ThreadStreams {
    /// Words of its access stream.
    pub(super) fn access_words(&self) -> u64 {
        self.accesses
            .last()
            .map_or(0, |run| run.position + run.words())
    }

    fn break_at(&mut self, ticks: u64) {
        let earliest = self.broken_at.unwrap_or(ticks).min(ticks);
        self.broken_at = Some(earliest);
    }
}

/// How the streams of a file are read.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    /// As for [`lawful`].
    pub(super) voids: bool,
    /// A thread's first runs may be gone.
    pub(super) flight: bool,
    /// It is a copy that was taken meanwhile: accesses before an event may
    /// have come too late for it.
    pub(super) copy: bool,
}

/// The streams of all threads that wrote anything, by the recorder's ids.
pub(super) fn read(
    mapping: &Mapping,
    index: &mut Index,
    rules: Rules,
) -> FxHashMap<u32, ThreadStreams> {
    let mut threads: FxHashMap<u32, ThreadStreams> = FxHashMap::default();
    for run in std::mem::take(&mut index.accesses) {
        add_accesses(threads.entry(run.thread).or_default(), run, rules);
    }
    let mut ended: FxHashMap<u32, SyncEnd> = FxHashMap::default();
    for run in &index.sync {
        let thread = threads.entry(run.thread).or_default();
        let end = ended.entry(run.thread).or_default();
        add_sync(thread, end, mapping, run, rules);
    }
    for thread in threads.values_mut() {
        thread.sync.shrink_to_fit();
    }
    threads
}

/// Where the sync stream of a thread has got to.
#[derive(Default)]
struct SyncEnd {
    position: u64,
    accesses: u64,
    /// Mark of its last event.
    mark: u16,
    ticks: u64,
    begun: bool,
    /// Nothing can be added any more.
    broken: bool,
}

/// Begins a thread's sync stream, in a flight recording wherever it is whole
/// from.
fn begin(thread: &mut ThreadStreams, end: &mut SyncEnd, run: &Run, rules: Rules) {
    end.begun = true;
    if !rules.flight || run.position == 0 {
        return;
    }
    end.position = run.position;
    match run.accesses {
        Some(accesses) => end.accesses = accesses,
        // After a switch it is not known which accesses are whose.
        None => thread.accesses.clear(),
    }
}

/// Adds an access run if it continues the stream.
fn add_accesses(thread: &mut ThreadStreams, run: Run, rules: Rules) {
    let is_first = rules.flight && thread.accesses.is_empty();
    if run.words() == 0 && !is_first {
        return;
    }
    let next = match is_first {
        true => run.position,
        false => thread.access_words(),
    };
    let ends = run.position.checked_add(run.words());
    if run.position == next && ends.is_some() {
        thread.accesses.push(run);
    } else {
        // All that is later may be missing; its last stamp is not known here.
        thread.break_at(thread.accesses.last().map_or(0, |run| run.ticks));
    }
}

fn add_sync(
    thread: &mut ThreadStreams,
    end: &mut SyncEnd,
    mapping: &Mapping,
    run: &Run,
    rules: Rules,
) {
    if end.broken {
        return;
    }
    if !end.begun {
        begin(thread, end, run, rules);
    }
    if run.words() == 0 {
        return;
    }
    if run.position != end.position {
        end.broken = true;
        thread.break_at(end.ticks);
        return;
    }
    thread.begins.push((thread.sync.len(), run.ticks));
    // Where no access is left, all that there were are gone.
    let available = match rules.flight && thread.accesses.is_empty() {
        true => u64::MAX,
        false => thread.access_words(),
    };
    let bytes = mapping.bytes(run.bytes.clone());
    let bytes = bytes.words();
    let (mut at, mut before) = (0, None);
    while at < bytes.len() {
        let event =
            decode(&bytes[at..], before).filter(|decoded| lawful(&decoded.event, rules.voids));
        let Some(mut decoded) = event else {
            end.broken = true;
            thread.break_at(end.ticks);
            thread.damaged_at = Some(run.bytes.start + 8 * at as u64);
            return;
        };
        let delta = decoded.delta_after(end.mark);
        let position = end.accesses.saturating_add(delta);
        end.mark = decoded.mark;
        before = decoded.second;
        if position > available && !rules.copy {
            thread.break_at(end.ticks);
        }
        end.accesses = position.min(available);
        decoded.event.accesses = end.accesses;
        if decoded.event.time != NO_TIME {
            end.ticks = decoded.event.time;
        }
        thread.sync.push(decoded.event);
        at += decoded.words;
    }
    end.position = end.position.saturating_add(run.words());
}

fn decode(bytes: &[[u8; 8]], before: Option<u64>) -> Option<words::DecodedSync> {
    let mut event = [0; SYNC_WORDS_MAX];
    for (word, bytes) in event.iter_mut().zip(bytes) {
        *word = u64::from_le_bytes(*bytes);
    }
    words::decode_sync(&event[..bytes.len().min(SYNC_WORDS_MAX)], before)
}

/// Whether the event has the operands that its kind must have, in the bounds
/// that everything behind reading relies on. A recorder counts before it
/// writes; what counts and has no number ([void](SyncEvent::is_void)) stands in
/// rewritten traces only, where `voids` says so.
fn lawful(event: &SyncEvent, voids: bool) -> bool {
    let needs_object = !matches!(
        event.kind.operands(),
        Operands::None | Operands::Order | Operands::Block | Operands::Label
    );
    let needs_other = event.kind.operands() == Operands::ConditionLock;
    let counts = matches!(event.kind.gate(), Gate::Count(_) | Gate::Park(_));
    let small = |number: u64| number < NUMBER_LIMIT;
    let numbers = if matches!(event.kind, Kind::Alloc | Kind::Free) {
        small(event.number) && small(event.extra)
    } else {
        (small(event.number) || event.number == NO_NUMBER && (voids || !counts))
            && (small(event.extra) || event.extra == NO_NUMBER)
    };
    numbers && !(needs_object && event.object == NONE) && !(needs_other && event.other == NONE)
}
