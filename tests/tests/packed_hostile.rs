//! Packed files that somebody made up: every byte changed, cut at every length,
//! and claims of more than there is, under a checksum that is right. Each is
//! refused, or read as what it says, in bounded time and memory.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use hbtrace_cli::exit_codes;

/// Bytes of the header page, and behind it of the pack head.
const PAGE: usize = 4096;
const PACK_HEAD: usize = 64;
/// Fields of the pack head.
const LENGTH: usize = PAGE + 16;
const UNPACKED: usize = PAGE + 40;
const CHECKSUM: usize = PAGE + 48;

/// No command takes so long with a file of a few kilobytes.
const SOON: Duration = Duration::from_secs(20);

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What a command ends with on these bytes.
    fn ends(&self, command: &str, bytes: &[u8], what: &str) -> (u8, String) {
        let (file, out) = (self.path("hostile.trace"), self.path("out.trace"));
        fs::write(&file, bytes).unwrap();
        let mut arguments = vec!["hbtrace", command, file.to_str().unwrap()];
        if command == "unpack" {
            arguments.extend(["--force", "-o", out.to_str().unwrap()]);
        }
        let mut said = Vec::new();
        let begun = Instant::now();
        let run = || hbtrace_cli::run(&arguments, &mut Vec::new(), &mut said);
        let code = catch_unwind(AssertUnwindSafe(run));
        let code = code.unwrap_or_else(|_| panic!("{what}: {command} panicked"));
        assert!(begun.elapsed() < SOON, "{what}: {command} takes too long");
        (code, String::from_utf8(said).unwrap())
    }
}

/// A small packed trace.
fn packed() -> (Place, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let place = Place { folder };
    let (text, trace) = (place.path("small.std"), place.path("small.trace"));
    let rounds = (0..40).map(|at| {
        format!(
            "T{}|acq(l)|a.rs:1\nT{0}|w(x)|a.rs:2\nT{0}|rel(l)|a.rs:3\n",
            at % 2
        )
    });
    fs::write(&text, rounds.collect::<String>()).unwrap();
    for arguments in [
        ["convert", text.to_str().unwrap(), trace.to_str().unwrap()],
        ["pack", trace.to_str().unwrap(), "--force"],
    ] {
        let arguments = [&["hbtrace"], &arguments[..]].concat();
        let code = hbtrace_cli::run(arguments, &mut Vec::new(), &mut Vec::new());
        assert_eq!(code, exit_codes::OK);
    }
    let bytes = fs::read(place.path("small.packed.trace")).unwrap();
    (place, bytes)
}

/// CRC-32, bit by bit.
fn checksum(parts: &[&[u8]]) -> u32 {
    let mut sum = u32::MAX;
    for byte in parts.concat() {
        sum ^= u32::from(byte);
        for _ in 0..8 {
            sum = sum >> 1 ^ (0xedb8_8320 & 0_u32.wrapping_sub(sum & 1));
        }
    }
    !sum
}

/// The file with a field of its pack head replaced, and the checksum to it.
fn claiming(whole: &[u8], at: usize, value: u64) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
    bytes[CHECKSUM..CHECKSUM + 4].fill(0);
    let index = field(&bytes, PAGE + 24) as usize;
    let sum = checksum(&[&bytes[..PAGE + PACK_HEAD], &bytes[index..]]);
    bytes[CHECKSUM..CHECKSUM + 4].copy_from_slice(&sum.to_le_bytes());
    bytes
}

#[test]
fn every_changed_byte_and_every_cut_is_refused() {
    let (place, whole) = packed();
    assert_eq!(place.ends("analyze", &whole, "whole").0, exit_codes::OK);
    assert_eq!(claiming(&whole, LENGTH, field(&whole, LENGTH)), whole);
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        let what = format!("byte {at}");
        let (code, said) = place.ends("analyze", &bytes, &what);
        // Without the flag it is another, empty trace.
        let refused = [exit_codes::NO_TRACE, exit_codes::EMPTY];
        assert!(refused.contains(&code), "{what}: {code} {said}");
        let (code, said) = place.ends("analyze", &whole[..at], &what);
        assert_eq!(code, exit_codes::NO_TRACE, "cut at {at}: {said}");
    }
}

#[test]
fn claims_of_more_than_there_is_take_neither_time_nor_memory() {
    let (place, whole) = packed();
    for command in ["info", "analyze", "dump", "unpack"] {
        for length in [0, 4095, 1 << 40, 1 << 62, u64::MAX] {
            let bytes = claiming(&whole, LENGTH, length);
            let (code, said) = place.ends(command, &bytes, &format!("length {length}"));
            assert!(length > 1 << 39 || code == exit_codes::NO_TRACE, "{said}");
        }
        for unpacked in [0, 1, 1 << 20, 1 << 50, u64::MAX] {
            let bytes = claiming(&whole, UNPACKED, unpacked);
            let (code, said) = place.ends(command, &bytes, &format!("index of {unpacked}"));
            // A limit to the index; a smaller index is none.
            assert!(unpacked > 1 || code == exit_codes::NO_TRACE, "{said}");
        }
    }
}

fn field(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}
