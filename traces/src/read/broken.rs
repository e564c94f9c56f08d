//! Tests: files that are cut, damaged, lying, or something else are refused
//! or read as far as they go, without panics.

use std::path::{Path, PathBuf};

use super::round_trip::{accesses, folder, read, segments, trace_of};
use crate::error::Error;
use crate::event::{Access, AccessKind, NO_TIME, SyncEvent};
use crate::format::layout::{self, CHUNK_HEADER, PAGE, chunk, header};
use crate::id::{Location, SiteId};
use crate::kind::Kind;
use crate::trace::{AccessStream, Stream, Trace};
use crate::write::write;

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
        beyond: 0,
    };
    let path = folder.join("small.trace");
    write(&trace_of(vec![stream(), stream()]), &path).expect("written");
    let bytes = std::fs::read(&path).expect("read");
    (path, bytes)
}

fn read_bytes(path: &Path, bytes: &[u8]) -> Result<Trace, Error> {
    std::fs::write(path, bytes).expect("written");
    read_all(path)
}

fn read_all(path: &Path) -> Result<Trace, Error> {
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
    assert!(!read_all(&path).expect("whole").info.truncated);
    let file = std::fs::File::options().write(true).open(&path);
    let file = file.expect("a file of ours");
    for len in (0..bytes.len()).rev() {
        file.set_len(len as u64).expect("shortened");
        match read_all(&path) {
            Ok(trace) => {
                assert!(len >= PAGE, "{len}");
                assert!(trace.info.truncated, "{len}");
                assert!(
                    trace
                        .info
                        .warnings
                        .iter()
                        .any(|it| it.contains("the file is cut")),
                    "{len}"
                );
            }
            Err(error) => {
                assert!(len < PAGE, "{len}: {error}");
                assert!(error.is_not_a_trace(), "{len}: {error}");
            }
        }
    }
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

/// What a recorder leaves that is killed before it stores the magic bytes: the
/// header after each of its stores.
fn unfinished_headers(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let mut file = vec![0; 4 * PAGE];
    file[header::ALLOCATED..][..8].copy_from_slice(&(PAGE as u64).to_le_bytes());
    (header::VERSION..header::ALLOCATED)
        .step_by(4)
        .map(move |field| {
            file[field..field + 4].copy_from_slice(&bytes[field..field + 4]);
            file.clone()
        })
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
    assert!(message(&[0; PAGE]).contains("never finished"));
    assert!(message(b"\0\0\0\x18ftypmp42").contains("neither"));
    for (stored, unfinished) in unfinished_headers(&bytes).enumerate() {
        let message = message(&unfinished);
        assert!(message.contains("never finished"), "{stored}: {message}");
    }
    let mut featured = bytes.clone();
    featured[header::FLAGS + 3] = 0x80;
    assert!(message(&featured).contains("unknown"));
    let open = |path: &Path| super::open(path, super::Options::default());
    let directory = open(folder.path()).expect_err("refused");
    assert!(directory.to_string().contains("directory"));
    let missing = open(&folder.path().join("none")).expect_err("refused");
    assert!(missing.is_unreadable() && missing.to_string().contains("no such file"));
}
