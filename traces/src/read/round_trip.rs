//! Tests: what is written is read.

use std::path::Path;

use proptest::prelude::*;

use super::assemble;
use crate::error::Error;
use crate::event::{Access, AccessKind, MemoryOrder, NO_NUMBER, NO_TIME, NONE, SyncEvent};
use crate::id::{Location, ObjectId, SiteId, ThreadId};
use crate::kind::Kind;
use crate::object::ObjectKind;
use crate::trace::{AccessStream, Frame, Info, Module, Object, Site, Slice, Stream, Thread, Trace};
use crate::write::write;

/// Reads without replaying: the events of these tests need not be lawful.
pub(super) fn read(path: &Path) -> Result<Trace, Error> {
    assemble::assemble(path, crate::mapped::map(path)?, &mut |_, _| Vec::new())
}

pub(super) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

pub(super) fn accesses(trace: &Trace, thread: usize) -> Vec<Access> {
    let mut all = Vec::new();
    let stream = &trace.streams[thread].accesses;
    stream.walk(0..stream.end(), |_, access| all.push(access));
    all
}

/// Sync events without positions, which a mapped stream counts in words.
fn sync(trace: &Trace, thread: usize) -> Vec<SyncEvent> {
    let events = trace.streams[thread].sync.iter();
    events
        .map(|event| SyncEvent {
            accesses: 0,
            ..*event
        })
        .collect()
}

/// Accesses of each segment, walked one by one.
pub(super) fn segments(trace: &Trace, thread: usize) -> Vec<Vec<Access>> {
    let stream = &trace.streams[thread];
    let ends = stream.sync.iter().map(|event| event.accesses);
    let mut from = 0;
    ends.chain([stream.accesses.end()])
        .map(|to| {
            let mut segment = Vec::new();
            stream
                .accesses
                .walk(from..to, |_, access| segment.push(access));
            from = to;
            segment
        })
        .collect()
}

fn assert_same(written: &Trace, read: &Trace) {
    assert_eq!(written.streams.len(), read.streams.len());
    assert_eq!(written.info.time, read.info.time);
    assert_eq!(written.sites, read.sites);
    for (first, second) in written.objects.iter().zip(&read.objects) {
        assert_eq!(format!("{first:?}"), format!("{second:?}"));
    }
    for thread in 0..written.streams.len() {
        assert_eq!(
            format!("{:?}", written.threads[thread]),
            format!("{:?}", read.threads[thread])
        );
        assert_eq!(sync(written, thread), sync(read, thread));
        assert_eq!(accesses(written, thread), accesses(read, thread));
        assert_eq!(segments(written, thread), segments(read, thread));
        let stamps = |trace: &Trace| -> Vec<u64> {
            let slices = trace.streams[thread].slices.iter();
            slices.map(|slice| slice.stamp).collect()
        };
        assert_eq!(stamps(written), stamps(read));
        assert_eq!(
            written.streams[thread].accesses.count(),
            read.streams[thread].accesses.count()
        );
    }
}

fn event() -> impl Strategy<Value = SyncEvent> {
    let optional = |none: u64| prop_oneof![Just(none), 0..1_u64 << 40];
    let kinds = proptest::sample::select(vec![
        Kind::Acq,
        Kind::Rel,
        Kind::Load,
        Kind::Store,
        Kind::Fence,
        Kind::Send,
        Kind::ThreadEnd,
    ]);
    let operands = (0..4_u32, 0..3_u32, 0..70_000_u32, any::<bool>());
    let numbers = (optional(NO_NUMBER), optional(NO_NUMBER), optional(NO_TIME));
    (kinds, operands, numbers, 0..1_u64 << 50, 0..5_usize).prop_map(
        |(kind, (object, other, site, tried), (number, extra, time), stamp, order)| SyncEvent {
            kind,
            order: MemoryOrder::ALL[order],
            tried,
            object,
            other: if kind == Kind::Rel && other < 2 {
                other
            } else {
                NONE
            },
            site: SiteId(site),
            number,
            extra,
            time,
            accesses: 0,
            stamp,
        },
    )
}

fn access() -> impl Strategy<Value = Access> {
    let len = prop_oneof![
        Just(1_u64),
        Just(4),
        Just(8),
        Just(16),
        Just(32),
        1..5000_u64
    ];
    let time = prop_oneof![8 => Just(NO_TIME), 1 => 0..u64::MAX];
    let site = prop_oneof![0..600_u32, any::<u32>()];
    (0..1_u64 << 48, len, any::<bool>(), site, time).prop_map(|(start, len, write, site, time)| {
        Access {
            location: Location { start, len },
            kind: if write {
                AccessKind::Write
            } else {
                AccessKind::Read
            },
            site: SiteId(site),
            time,
        }
    })
}

/// A stream whose times do not decrease.
fn stream() -> impl Strategy<Value = Stream> {
    let segment = (proptest::collection::vec(access(), 0..6), event());
    let tail = proptest::collection::vec(access(), 0..6);
    let slices = proptest::collection::vec((0..40_u64, any::<u64>()), 0..6);
    (proptest::collection::vec(segment, 0..40), tail, slices).prop_map(
        |(segments, tail, slices)| {
            let (mut sync, mut accesses, mut time) = (Vec::new(), Vec::new(), 0);
            for (before, mut event) in segments {
                accesses.extend(before);
                event.accesses = accesses.len() as u64;
                if event.time != NO_TIME {
                    time += event.time;
                    event.time = time;
                }
                sync.push(event);
            }
            accesses.extend(tail);
            let mut slices: Vec<Slice> = slices
                .into_iter()
                .filter(|(from, _)| *from < accesses.len() as u64)
                .map(|(from, stamp)| Slice { from, stamp })
                .collect();
            slices.sort_by_key(|slice| slice.from);
            slices.dedup_by_key(|slice| slice.from);
            Stream {
                sync,
                accesses: AccessStream::Owned(accesses),
                slices,
                beyond: 0,
            }
        },
    )
}

pub(super) fn trace_of(streams: Vec<Stream>) -> Trace {
    Trace {
        info: Info {
            complete: true,
            time: Some((3, 1 << 60)),
            arguments: vec!["service".to_owned(), "--port=0".to_owned()],
            modules: vec![Module {
                path: "/usr/bin/service".to_owned(),
                build_id: "0a1b".to_owned(),
            }],
            ..Info::default()
        },
        threads: (0..streams.len() as u32)
            .map(|id| Thread {
                name: format!("T{id}"),
                os_id: id,
                foreign: id == 1,
            })
            .collect(),
        objects: (0..5).map(object).collect(),
        sites: sites(),
        streams,
        steps: Vec::new(),
    }
}

fn object(id: u32) -> Object {
    Object {
        name: format!("object {id}"),
        kind: ObjectKind::ALL[id as usize % ObjectKind::ALL.len()],
        site: SiteId(id),
        location: match id % 3 {
            0 => None,
            1 => Some(Location::of_object(ObjectId(id), u64::from(id))),
            _ => Some(Location {
                start: 4096,
                len: 8,
            }),
        },
    }
}

fn sites() -> Vec<(SiteId, Site)> {
    let site = |text: &str, file: Option<&str>, line, column| Site {
        text: text.to_owned(),
        file: file.map(str::to_owned),
        line,
        column,
        frames: vec![Frame {
            function: "store::get".to_owned(),
            place: text.to_owned(),
        }],
    };
    let rust = site("main.rs:3:4", Some("main.rs"), Some(3), Some(4));
    let c = site("main.c:3", Some("main.c"), Some(3), None);
    vec![
        (SiteId(0), site("?", None, None, None)),
        (SiteId(2), rust),
        (SiteId(70_000), c),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_is_written_is_read(streams in proptest::collection::vec(stream(), 2..4)) {
        let folder = folder();
        let path = folder.path().join("a.trace");
        let trace = trace_of(streams);
        write(&trace, &path).expect("written");
        let back = read(&path).expect("read");
        prop_assert_eq!(&back.info.warnings, &Vec::<String>::new());
        assert_same(&trace, &back);
        // And once more from the mapped form.
        let again = folder.path().join("b.trace");
        write(&back, &again).expect("written");
        prop_assert_eq!(std::fs::read(&path).ok(), std::fs::read(&again).ok());
    }
}

#[test]
fn a_long_thread_spans_chunks_and_can_be_entered_anywhere() {
    let access = |at: u64| Access {
        location: Location {
            start: at * 8,
            len: 8,
        },
        kind: AccessKind::Write,
        site: SiteId((at % 7) as u32 * 300),
        time: NO_TIME,
    };
    let count = 200_000;
    let mut events = Vec::new();
    for at in (0..count).step_by(1000) {
        let mut event = SyncEvent::new(Kind::ThreadEnd);
        event.accesses = at;
        event.site = SiteId(5);
        events.push(event);
    }
    let stream = Stream {
        sync: events,
        accesses: AccessStream::Owned((0..count).map(access).collect()),
        slices: Vec::new(),
        beyond: 0,
    };
    let folder = folder();
    let path = folder.path().join("long.trace");
    let trace = trace_of(vec![stream]);
    write(&trace, &path).expect("written");
    let back = read(&path).expect("read");
    assert_same(&trace, &back);
    let mut all = Vec::new();
    back.accesses(ThreadId(0), 0..u64::MAX, |position, access| {
        all.push((position, access))
    });
    for window in all.chunks(333) {
        let range = window[0].0..window[window.len() - 1].0 + 1;
        let mut part = Vec::new();
        back.accesses(ThreadId(0), range, |position, access| {
            part.push((position, access))
        });
        assert_eq!(window, part);
    }
}

#[test]
fn events_without_consequence_leave_the_trace_whole() {
    let texts = [
        // Lost before the cut: once, barrier, message, hold, end, receipt.
        "A|cut\nB|once_get(o)\n",
        "A|barrier(b,2)\nA|cut\nB|depart(b)\nA|arrive(b)\nB|arrive(b)\nA|depart(b)\n",
        "A|barrier(b,2)\nA|arrive(b)\nA|cut\nA|depart(b)\n",
        "A|chan(c,1)\nA|cut\nB|recv(c)\nB|recv(c,m)\nB|recv_closed(c)\nA|sent(c)\nA|unsent(c)\n",
        "A|cut\nA|rel(l)\nB|rrel(l)\nB|downgrade(k)\nA|wait(v,l)\nB|woken(v,l)\nB|sem(s,0)\nB|sem_wait(s)\n",
        "A|cut\nA|park\nB|wg_wait(g)\nB|acquire(t)\nB|join(C)\n",
        // Inner pairs, a send that was taken back.
        "A|acq(l)\nA|acq(l)\nA|rel(l)\nA|rel(l)\nA|racq(k)\nA|racq(k)\nA|rrel(k)\nA|rrel(k)\n",
        "A|chan(c,1)\nA|send(c)\nA|unsent(c)\nA|send(c)\nA|sent(c)\nB|recv(c)\n",
    ];
    let folder = folder();
    let path = folder.path().join("a.trace");
    let shown = |trace: &Trace| {
        let mut text = Vec::new();
        crate::text::write(trace, &mut text).expect("memory takes everything");
        String::from_utf8(text).expect("text")
    };
    for text in texts {
        let trace = crate::text::parse(Path::new("t"), text.as_bytes(), Default::default());
        let trace = trace.expect("well formed");
        write(&trace, &path).expect("written");
        let back = crate::read::open(&path, Default::default()).expect(text);
        assert!(!back.info.truncated, "{text}{:?}", back.info.warnings);
        assert_same(&trace, &back);
        assert_eq!(shown(&trace), shown(&back));
    }
}
