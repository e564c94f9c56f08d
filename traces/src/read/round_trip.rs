//! Tests: what is written is read, and damaged files are read as far as they
//! go, without panics.

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::{assemble, file};
use crate::error::Error;
use crate::event::{Access, AccessKind, MemoryOrder, NO_NUMBER, NO_TIME, NONE, SyncEvent};
use crate::format::layout::{self, CHUNK_HEADER, PAGE, chunk, header};
use crate::id::{Location, ObjectId, SiteId, ThreadId};
use crate::kind::Kind;
use crate::object::ObjectKind;
use crate::trace::{AccessStream, Info, Object, Site, Slice, Stream, Thread, Trace};
use crate::write::write;

/// Reads without replaying: the events of these tests need not be lawful.
fn read(path: &Path) -> Result<Trace, Error> {
    assemble::assemble(path, file::map(path)?)
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn accesses(trace: &Trace, thread: usize) -> Vec<Access> {
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
fn segments(trace: &Trace, thread: usize) -> Vec<Vec<Access>> {
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
            }
        },
    )
}

fn trace_of(streams: Vec<Stream>) -> Trace {
    let object = |id: u32| Object {
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
    };
    let site = |text: &str, file: Option<&str>, line, column| Site {
        text: text.to_owned(),
        file: file.map(str::to_owned),
        line,
        column,
    };
    Trace {
        info: Info {
            complete: true,
            time: Some((3, 1 << 60)),
            arguments: vec!["service".to_owned(), "--port=0".to_owned()],
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
        sites: vec![
            (SiteId(0), site("?", None, None, None)),
            (
                SiteId(2),
                site("main.rs:3:4", Some("main.rs"), Some(3), Some(4)),
            ),
            (
                SiteId(70_000),
                site("main.c:3", Some("main.c"), Some(3), None),
            ),
        ],
        streams,
        steps: Vec::new(),
    }
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

fn small_file(folder: &Path) -> (PathBuf, Vec<u8>) {
    let mut first = SyncEvent::new(Kind::Acq);
    (first.object, first.number, first.time) = (0, 0, 10);
    let mut second = SyncEvent::new(Kind::Rel);
    (second.object, second.number, second.accesses) = (0, 0, 2);
    let access = |start| Access {
        location: Location { start, len: 24 },
        kind: AccessKind::Read,
        site: SiteId(2),
        time: NO_TIME,
    };
    let stream = || Stream {
        sync: vec![first, second],
        accesses: AccessStream::Owned(vec![access(16), access(64), access(128)]),
        slices: Vec::new(),
    };
    let path = folder.join("small.trace");
    write(&trace_of(vec![stream(), stream()]), &path).expect("written");
    let bytes = std::fs::read(&path).expect("read");
    (path, bytes)
}

fn read_bytes(path: &Path, bytes: &[u8]) -> Result<Trace, Error> {
    std::fs::write(path, bytes).expect("written");
    let trace = read(path)?;
    // Walk everything: decoding is lazy.
    for thread in 0..trace.streams.len() {
        let _ = (accesses(&trace, thread), segments(&trace, thread));
    }
    Ok(trace)
}

#[test]
fn a_cut_at_any_length_is_an_error_in_the_header_and_a_warning_later() {
    let folder = folder();
    let (path, bytes) = small_file(folder.path());
    for len in 0..bytes.len() {
        match read_bytes(&path, &bytes[..len]) {
            Ok(trace) => {
                assert!(len >= PAGE, "{len}");
                assert!(trace.info.truncated, "{len}");
                assert!(trace.info.warnings[0].contains("the file is cut"), "{len}");
            }
            Err(error) => {
                assert!(len < PAGE, "{len}: {error}");
                assert!(error.is_not_a_trace(), "{len}: {error}");
            }
        }
    }
    assert!(!read_bytes(&path, &bytes).expect("whole").info.truncated);
}

#[test]
fn damaged_bytes_never_panic() {
    let folder = folder();
    let (path, bytes) = small_file(folder.path());
    // A simple generator: the cases are the same in every run.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % bound as u64) as usize
    };
    // The parts that are not padding.
    let mut used: Vec<usize> = (0..header::ARGUMENTS).collect();
    for start in (PAGE..bytes.len()).step_by(PAGE) {
        used.extend(start..start + CHUNK_HEADER + 256);
    }
    for _ in 0..3000 {
        let mut damaged = bytes.clone();
        for _ in 0..=next(4) {
            let at = used[next(used.len())];
            damaged[at] = match next(3) {
                0 => damaged[at] ^ 1 << next(8),
                1 => 0xff,
                _ => next(256) as u8,
            };
        }
        let _ = read_bytes(&path, &damaged);
    }
}

#[test]
fn lengths_that_lie_are_not_believed() {
    let folder = folder();
    let (path, bytes) = small_file(folder.path());
    let lie = |at: usize, value: &[u8]| {
        let mut lying = bytes.clone();
        lying[at..at + value.len()].copy_from_slice(value);
        read_bytes(&path, &lying)
    };
    let four_gib = u32::MAX.to_le_bytes();
    assert!(lie(header::ARGUMENTS_LENGTH, &four_gib).is_ok());
    assert!(lie(header::HEADER_SIZE, &four_gib).is_err());
    assert!(lie(header::PAGE_SIZE, &[0; 4]).is_err());
    assert!(lie(PAGE + chunk::USED, &four_gib).is_ok());
    let size = lie(PAGE + chunk::SIZE, &four_gib).expect("read");
    assert!(size.info.truncated);
    // The first record of the tables.
    let record = lie(PAGE + CHUNK_HEADER, &four_gib).expect("read");
    assert!(record.info.truncated);
    assert!(
        lie(header::ALLOCATED, &[0xff; 8])
            .expect("read")
            .info
            .truncated
    );
}

#[test]
fn other_files_are_told_apart() {
    let folder = folder();
    let (path, bytes) = small_file(folder.path());
    let message = |bytes: &[u8]| read_bytes(&path, bytes).expect_err("refused").to_string();
    let versioned = |version: u32| {
        let mut other = bytes.clone();
        other[header::VERSION..][..4].copy_from_slice(&version.to_le_bytes());
        message(&other)
    };
    assert!(versioned(layout::VERSION + 1).contains("too new"));
    assert!(versioned(0).contains("too old"));
    assert!(message(&[]).contains("empty"));
    assert!(message(b"HBTR").contains("cut within its header"));
    assert!(message(b"\x7fELF\0\0").contains("neither"));
    assert!(message(&[0; PAGE]).contains("never written"));
    let mut featured = bytes.clone();
    featured[header::FLAGS + 3] = 0x80;
    assert!(message(&featured).contains("unknown"));
    let open = |path: &Path| super::open(path, super::Options::default());
    let directory = open(folder.path()).expect_err("refused");
    assert!(directory.to_string().contains("directory"));
    let missing = open(&folder.path().join("none")).expect_err("refused");
    assert!(missing.is_unreadable() && missing.to_string().contains("no such file"));
}
