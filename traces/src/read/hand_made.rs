//! Tests: files laid out by hand, as recorders leave them: open chunks, space
//! that was drawn and never begun, switches between threads, losses.

use super::round_trip::{accesses, folder, read};
use crate::event::{NO_NUMBER, NO_TIME, SyncEvent};
use crate::format::layout::{CHUNK_HEADER, MAGIC, PAGE, StreamKind, VERSION, chunk, flags, header};
use crate::format::words::{self, Escape, SYNC_WORDS_MAX};
use crate::id::{SiteId, ThreadId};
use crate::kind::Kind;
use crate::trace::Trace;

/// A file under way.
pub(super) struct Made(Vec<u8>);

/// A chunk of one page to be laid into it.
pub(super) struct Laid<'a> {
    pub(super) stream: StreamKind,
    pub(super) thread: u32,
    pub(super) position: u64,
    pub(super) site: u32,
    pub(super) ticks: u64,
    pub(super) switches: bool,
    /// Bytes of payload, if it is closed.
    pub(super) used: Option<u32>,
    pub(super) words: &'a [u64],
}

impl Laid<'_> {
    pub(super) fn new(stream: StreamKind, thread: u32, words: &[u64]) -> Laid<'_> {
        Laid {
            stream,
            thread,
            position: 0,
            site: 0,
            ticks: 1,
            switches: false,
            used: None,
            words,
        }
    }
}

impl Made {
    pub(super) fn new() -> Made {
        let mut made = Made(vec![0; PAGE]);
        made.put(header::MAGIC, &MAGIC);
        made.put(header::VERSION, &VERSION.to_le_bytes());
        made.put(header::HEADER_SIZE, &(PAGE as u32).to_le_bytes());
        made.put(header::PAGE_SIZE, &(PAGE as u32).to_le_bytes());
        // A tick is two nanoseconds.
        made.put(header::START_TICKS, &1_u64.to_le_bytes());
        made.put(header::LAST_TICKS, &1001_u64.to_le_bytes());
        made.put(header::LAST_NS, &2000_u64.to_le_bytes());
        made
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }

    pub(super) fn lay(&mut self, laid: &Laid<'_>) {
        let at = self.0.len();
        self.0.resize(at + PAGE, 0);
        self.put(at + chunk::MAGIC, &chunk::MAGIC_VALUE.to_le_bytes());
        self.put(at + chunk::STREAM, &[laid.stream as u8]);
        self.put(at + chunk::STATE, &[1 + u8::from(laid.used.is_some())]);
        self.put(at + chunk::SWITCHES, &[u8::from(laid.switches)]);
        self.put(at + chunk::OFFSET, &(at as u64).to_le_bytes());
        self.put(at + chunk::SIZE, &(PAGE as u32).to_le_bytes());
        self.put(at + chunk::USED, &laid.used.unwrap_or(0).to_le_bytes());
        self.put(at + chunk::THREAD, &laid.thread.to_le_bytes());
        self.put(at + chunk::SITE, &laid.site.to_le_bytes());
        self.put(at + chunk::POSITION, &laid.position.to_le_bytes());
        self.put(at + chunk::TICKS, &laid.ticks.to_le_bytes());
        for (index, word) in laid.words.iter().enumerate() {
            self.put(at + CHUNK_HEADER + index * 8, &word.to_le_bytes());
        }
    }

    pub(super) fn read(&self) -> Trace {
        let folder = folder();
        let path = folder.path().join("made.trace");
        std::fs::write(&path, &self.0).expect("written");
        read(&path).expect("read")
    }
}

/// Words of a full event at `time` (0: none), `delta` access words after the last.
pub(super) fn event(kind: Kind, delta: u64, time: u64) -> Vec<u64> {
    let mut event = SyncEvent::new(kind);
    (event.object, event.number, event.site) = (0, 0, SiteId(100));
    event.time = if time == 0 { NO_TIME } else { time };
    let mut out = [0; SYNC_WORDS_MAX];
    let used = words::encode_sync(&event, delta, 0, false, &mut out);
    out[..used].to_vec()
}

/// A write at `address`, its site `code` from the chunk's base.
fn access(address: u64, code: u32) -> u64 {
    let bits = words::access_bits(true, 8, SiteId(500 + code), SiteId(500));
    address | bits.expect("a near site")
}

fn found(trace: &Trace, thread: usize) -> Vec<(u64, u32)> {
    let accesses = accesses(trace, thread);
    let found = accesses.iter();
    found.map(|it| (it.location.start, it.site.0)).collect()
}

#[test]
fn open_chunks_end_at_their_first_zero_word_and_empty_space_is_passed_over() {
    let mut made = Made::new();
    let sync = [event(Kind::Acq, 1, 11), event(Kind::Rel, 1, 0)].concat();
    made.lay(&Laid::new(StreamKind::Sync, 7, &sync));
    let empty = made.0.len();
    made.0.resize(empty + 3 * PAGE, 0);
    // Its magic was still to come.
    made.put(empty + PAGE + chunk::STREAM, &[1]);
    made.put(empty + PAGE + chunk::TICKS, &9_u64.to_le_bytes());
    let first = [access(64, 1), access(72, 2)];
    made.lay(&Laid {
        site: 40,
        ..Laid::new(StreamKind::Access, 7, &first)
    });
    let second = [access(80, 3)];
    made.lay(&Laid {
        position: 2,
        site: 60,
        ..Laid::new(StreamKind::Access, 7, &second)
    });
    let trace = made.read();
    assert_eq!(trace.streams[0].sync.len(), 2);
    assert_eq!(trace.streams[0].sync[0].time, 20);
    // Sites count from what the header of the chunk says.
    assert_eq!(found(&trace, 0), [(64, 41), (72, 42), (80, 63)]);
    assert!(!trace.info.complete && !trace.info.truncated);
    assert_eq!(trace.info.warnings.len(), 1, "{:?}", trace.info.warnings);
}

#[test]
fn a_switch_leads_to_another_thread_and_back() {
    let mut made = Made::new();
    let mut sync = event(Kind::Acq, 1, 11);
    let position = sync.len() as u64;
    sync.extend(words::switch(9, 0));
    sync.extend(event(Kind::Rel, 1, 0));
    sync.extend(words::switch(7, position));
    sync.extend(event(Kind::ThreadEnd, 1, 0));
    made.lay(&Laid {
        switches: true,
        ..Laid::new(StreamKind::Sync, 7, &sync)
    });
    let accesses = [
        access(64, 1),
        words::escape(Escape::Thread, 9),
        words::escape(Escape::Position, 0),
        access(72, 2),
        words::escape(Escape::Thread, 7),
        words::escape(Escape::Position, 1),
        access(80, 3),
    ];
    made.lay(&Laid {
        switches: true,
        ..Laid::new(StreamKind::Access, 7, &accesses)
    });
    let trace = made.read();
    assert!(!trace.info.truncated, "{:?}", trace.info.warnings);
    assert_eq!(found(&trace, 0), [(64, 1), (80, 3)]);
    assert_eq!(found(&trace, 1), [(72, 2)]);
    let kinds = |thread: usize| -> Vec<Kind> {
        let events = trace.streams[thread].sync.iter();
        events.map(|event| event.kind).collect()
    };
    assert_eq!(kinds(0), [Kind::Acq, Kind::ThreadEnd]);
    assert_eq!(kinds(1), [Kind::Rel]);
}

/// Two threads, each with an access, an event at a time, an access.
fn two_threads(first: u64, second: u64) -> Made {
    let mut made = Made::new();
    for (thread, time) in [(1, first), (2, second)] {
        let sync = event(Kind::ThreadEnd, 1, time);
        let used = Some(sync.len() as u32 * 8);
        made.lay(&Laid {
            used,
            ticks: time,
            ..Laid::new(StreamKind::Sync, thread, &sync)
        });
        let words = [access(64, 1), access(72, 1)];
        made.lay(&Laid {
            ticks: time,
            ..Laid::new(StreamKind::Access, thread, &words)
        });
    }
    made
}

#[test]
fn nothing_is_compared_behind_a_lost_sync_event() {
    let mut made = two_threads(100, 200);
    assert_eq!(found(&made.read(), 1).len(), 2);
    made.put(header::LOST_SYNC, &1_u64.to_le_bytes());
    made.put(header::LOST_FROM, &150_u64.to_le_bytes());
    let trace = made.read();
    assert_eq!(found(&trace, 0).len(), 1, "up to its stamp at 100");
    assert_eq!(found(&trace, 1).len(), 0, "its stamp is behind the loss");
    assert_eq!(trace.info.lost_sync_events, 1);
}

#[test]
fn nothing_is_compared_behind_the_last_chunk_of_a_cut_file() {
    let mut made = two_threads(100, 200);
    let allocated = made.0.len() as u64;
    made.put(header::ALLOCATED, &allocated.to_le_bytes());
    assert_eq!(found(&made.read(), 0).len(), 2);
    made.0.truncate(3 * PAGE);
    let trace = made.read();
    assert!(trace.info.truncated);
    assert_eq!(found(&trace, 0).len(), 1);
    assert_eq!(trace.streams[0].sync.len(), 1);
}

#[test]
fn nothing_is_compared_behind_the_calibration_of_a_file_that_is_recorded_into() {
    let mut made = two_threads(100, 200);
    made.put(header::LAST_TICKS, &150_u64.to_le_bytes());
    let allocated = made.0.len() as u64;
    made.put(header::ALLOCATED, &allocated.to_le_bytes());
    let folder = folder();
    let path = folder.path().join("live.trace");
    std::fs::write(&path, &made.0).expect("written");
    let recorder = std::fs::File::open(&path).expect("opened");
    recorder.lock().expect("locked");
    let trace = read(&path).expect("read");
    assert_eq!((found(&trace, 0).len(), found(&trace, 1).len()), (1, 0));
    assert!(trace.info.warnings[0].contains("still records"));
    recorder.unlock().expect("unlocked");
    let trace = read(&path).expect("read");
    assert_eq!((found(&trace, 0).len(), found(&trace, 1).len()), (2, 2));
}

#[test]
fn a_thread_ends_at_a_gap_or_at_what_is_no_event() {
    let mut made = two_threads(100, 200);
    let sync = event(Kind::ThreadEnd, 0, 300);
    made.lay(&Laid {
        position: 50,
        ..Laid::new(StreamKind::Sync, 1, &sync)
    });
    let trace = made.read();
    assert!(trace.info.truncated);
    assert_eq!(trace.streams[0].sync.len(), 1);
    assert_eq!((found(&trace, 0).len(), found(&trace, 1).len()), (1, 0));

    let mut made = two_threads(100, 200);
    // A kind that there is not.
    made.put(PAGE + CHUNK_HEADER, &[250]);
    let trace = made.read();
    assert!(trace.info.truncated);
    let place = format!("byte {}: expected an event", PAGE + CHUNK_HEADER);
    let mut warnings = trace.info.warnings.iter();
    assert!(warnings.any(|warning| warning.starts_with(&place)));
    assert_eq!(trace.streams[0].sync.len(), 0);
    assert_eq!((found(&trace, 0).len(), found(&trace, 1).len()), (0, 0));
}

#[test]
fn a_switch_that_the_header_does_not_allow_is_damage() {
    let mut made = Made::new();
    let mut sync = event(Kind::Acq, 0, 11);
    sync.extend(words::switch(9, 0));
    sync.extend(event(Kind::Rel, 0, 0));
    made.lay(&Laid::new(StreamKind::Sync, 7, &sync));
    let trace = made.read();
    assert!(trace.info.truncated);
    assert_eq!(trace.threads.len(), 1);
    assert_eq!(trace.streams[0].sync.len(), 1);
}

#[test]
fn a_damaged_object_does_not_make_the_table_as_long_as_the_file() {
    let mut made = Made::new();
    let mut sync = event(Kind::Acq, 0, 11);
    sync.extend(event(Kind::Rel, 0, 0));
    sync[1] = 900_000 | 100 << 32;
    made.lay(&Laid::new(StreamKind::Sync, 7, &sync));
    made.0.resize(16 << 20, 0);
    let trace = made.read();
    assert!(trace.objects.len() < 5000, "{}", trace.objects.len());
    let object = trace.streams[0].sync[0].object_id();
    assert_eq!(trace.objects[object.index()].name, "mutex#899999");
}

#[test]
fn an_atomic_operation_behind_a_loss_is_no_access() {
    let mut made = Made::new();
    let mut sync = event(Kind::Store, 0, 100);
    sync.extend(event(Kind::Store, 0, 200));
    made.lay(&Laid::new(StreamKind::Sync, 1, &sync));
    assert_eq!(made.read().streams[0].beyond, 0);
    made.put(header::LOST_SYNC, &1_u64.to_le_bytes());
    made.put(header::LOST_FROM, &150_u64.to_le_bytes());
    let trace = made.read();
    let is_beyond = |index| trace.is_beyond(ThreadId(0), index);
    assert!(!is_beyond(0) && is_beyond(1));
}

/// A flight recording of one thread: an old chunk that is left, a gap, and a
/// chunk drawn at `drawn`, whose events lie behind 40 words of accesses. Its
/// ticks are a hundred microseconds.
fn flight(evicted: u64, drawn: u64) -> Made {
    let mut made = Made::new();
    made.put(header::FLAGS, &flags::FLIGHT.to_le_bytes());
    made.put(header::EVICTED_UNTIL, &evicted.to_le_bytes());
    made.put(header::LAST_NS, &100_000_000_u64.to_le_bytes());
    let old = event(Kind::NotifyAll, 1, 5);
    made.lay(&Laid::new(StreamKind::Sync, 1, &old));
    made.lay(&Laid::new(StreamKind::Access, 1, &[access(8, 1)]));
    let late = [
        event(Kind::NotifyAll, 1, 0),
        event(Kind::NotifyAll, 1, drawn + 11),
        event(Kind::NotifyAll, 1, 0),
    ];
    let late = late.concat();
    made.lay(&Laid {
        position: 100,
        ticks: drawn,
        ..Laid::new(StreamKind::Sync, 1, &late)
    });
    let at = made.0.len() - PAGE;
    made.put(at + chunk::ACCESSES, &40_u64.to_le_bytes());
    let words = [access(16, 1), access(24, 1), access(32, 1), access(40, 1)];
    made.lay(&Laid {
        position: 40,
        ticks: drawn,
        ..Laid::new(StreamKind::Access, 1, &words)
    });
    made
}

#[test]
fn a_flight_recording_is_read_from_its_window_on() {
    // The tick by which chunks were recycled, and one of margin.
    for (evicted, drawn, accesses) in [(50, 50, 2), (70, 50, 0)] {
        let trace = flight(evicted, drawn).read();
        assert_eq!(found(&trace, 0).len(), accesses, "{evicted} {drawn}");
        assert!(trace.info.flight && !trace.info.truncated);
        assert_eq!(trace.info.verdicts_from, Some(evicted * 100_000));
        let events = trace.streams[0].sync.iter();
        let cuts = events.filter(|event| event.kind == Kind::Cut).count();
        assert_eq!(cuts, if accesses == 0 { 0 } else { 2 });
    }
}

#[test]
fn an_event_whose_accesses_are_gone_is_not_in_the_window_for_that() {
    let mut made = Made::new();
    made.put(header::FLAGS, &flags::FLIGHT.to_le_bytes());
    made.put(header::EVICTED_UNTIL, &50_u64.to_le_bytes());
    let old = [event(Kind::NotifyAll, 0, 5), event(Kind::NotifyAll, 3, 6)].concat();
    made.lay(&Laid::new(StreamKind::Sync, 1, &old));
    let trace = made.read();
    assert_eq!(trace.streams[0].sync, []);
}

#[test]
fn a_gap_that_recycling_did_not_make_is_damage() {
    let trace = flight(3, 50).read();
    assert!(trace.info.truncated, "{:?}", trace.info.warnings);
}

/// A file with a thread for each of these versions, which its last event writes.
fn written_last(versions: &[(Kind, u64)]) -> Made {
    let mut made = Made::new();
    for (thread, &(kind, version)) in versions.iter().enumerate() {
        let mut event = SyncEvent::new(kind);
        (event.object, event.number) = (0, version);
        let mut out = [0; SYNC_WORDS_MAX];
        let used = words::encode_sync(&event, 0, 0, false, &mut out);
        made.lay(&Laid::new(StreamKind::Sync, thread as u32, &out[..used]));
    }
    made
}

#[test]
fn what_read_a_write_from_behind_the_end_is_behind_it_too() {
    use Kind::{Rmw, Store};
    let unknown = Some(NO_NUMBER);
    let rows = [(None, 1, 1), (None, 0, 3), (Some(2), 1, 4), (unknown, 1, 4)];
    for (second, closed, left) in rows {
        let mut versions = vec![(Store, 1), (Rmw, 4), (Rmw, 3)];
        versions.extend(second.map(|version| (Store, version)));
        let mut made = written_last(&versions);
        made.put(header::STATE, &u32::to_le_bytes(closed));
        assert_eq!(made.read().sync_events(), left, "{versions:?} {closed}");
    }
}
