//! How a trace file begins, and which files a recorder may replace.
//!
//! A recorder replaces a trace of an earlier run without asking, as a service
//! that is started again and again needs it. Everything else stays: a path that
//! was mistyped must not cost anybody a file. A trace whose process died without
//! closing it is the evidence of a crash; a recorder keeps it under another name.

use std::io::{self, Read};

use super::layout::{MAGIC, PAGE, VERSION, flags, header};

/// Largest file that a recorder makes before its header is finished.
pub const UNFINISHED_MAX: u64 = 4 << 20;

/// Whether `start`, of a file, is that of a header whose recorder ended before
/// it had finished it: the magic bytes, stored last, are zero, and what tells
/// of the format is either zero as well or as this code writes it.
#[must_use]
pub fn is_unfinished(start: &[u8]) -> bool {
    let stored = |at: usize, value: u64, len: usize| {
        let found = start.iter().skip(at).take(len);
        found.clone().all(|byte| *byte == 0) || found.eq(&value.to_le_bytes()[..len])
    };
    stored(header::MAGIC, 0, 8)
        && stored(header::VERSION, u64::from(VERSION), 4)
        && stored(header::HEADER_SIZE, PAGE as u64, 4)
        && stored(header::PAGE_SIZE, PAGE as u64, 4)
        && stored(header::ALLOCATED, PAGE as u64, 8)
}

/// Whether a recorder may replace `file`, read from its beginning: it is empty
/// or a trace, whatever its version and wherever it was cut, or a recorder
/// began it and did not come to its first chunk (a header that is
/// [unfinished](is_unfinished), and zeros).
///
/// # Errors
/// If it can't be read.
pub fn is_replaceable(mut file: impl Read) -> io::Result<bool> {
    let mut start = Vec::new();
    file.by_ref().take(PAGE as u64).read_to_end(&mut start)?;
    let magic = &start[..start.len().min(MAGIC.len())];
    if MAGIC.starts_with(magic) {
        return Ok(true);
    }
    if !is_unfinished(&start) {
        return Ok(false);
    }
    let mut rest = Vec::new();
    let most = UNFINISHED_MAX - PAGE as u64;
    file.take(most + 1).read_to_end(&mut rest)?;
    Ok(rest.len() as u64 <= most && rest.iter().all(|byte| *byte == 0))
}

/// Of a trace whose process died, or was still alive when it was copied, without
/// closing it: the id of that process. `None` of any other file.
///
/// # Errors
/// If it can't be read.
pub fn died(file: impl Read) -> io::Result<Option<u32>> {
    let mut start = Vec::new();
    file.take(header::ARGUMENTS as u64)
        .read_to_end(&mut start)?;
    let field = |at: usize| {
        let bytes = start.get(at..)?.first_chunk()?;
        Some(u32::from_le_bytes(*bytes))
    };
    let recorded = field(header::FLAGS).is_some_and(|bits| bits & flags::NANOSECONDS == 0);
    let open = start.starts_with(&MAGIC) && field(header::STATE) == Some(0) && recorded;
    Ok(field(header::PID).filter(|_| open))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// Zeros, and `bytes` at `at`.
    fn zeros(len: usize, at: usize, bytes: &[u8]) -> Vec<u8> {
        let mut file = vec![0; len];
        file[at..][..bytes.len()].copy_from_slice(bytes);
        file
    }

    #[test]
    fn a_trace_may_be_replaced_whatever_became_of_it() {
        let most = UNFINISHED_MAX as usize;
        let files = [
            Vec::new(),
            b"HBTR".to_vec(),
            zeros(PAGE, 0, &MAGIC),
            zeros(3 * PAGE, 0, b"HBTRACE\0\xff\xff"),
            vec![0; most],
            zeros(most, header::ALLOCATED, &(PAGE as u64).to_le_bytes()),
            zeros(most, header::VERSION, &[2, 0, 0, 0, 0, 0, 0, 0, 0, 16]),
        ];
        for (nth, file) in files.iter().enumerate() {
            assert!(is_replaceable(&file[..]).unwrap(), "file {nth}");
        }
    }

    #[test]
    fn a_trace_that_nobody_closed_tells_whose_it_was() {
        let mut page = zeros(PAGE, header::PID, &7_u32.to_le_bytes());
        assert_eq!(died(&page[..]).unwrap(), None, "it is no trace");
        page[..8].copy_from_slice(&MAGIC);
        assert_eq!(died(&page[..]).unwrap(), Some(7));
        assert_eq!(died(&page[..64]).unwrap(), None, "it is cut");
        for (at, value) in [(header::STATE, 1), (header::STATE, 2), (header::FLAGS, 1)] {
            let mut closed = page.clone();
            closed[at] = value;
            assert_eq!(died(&closed[..]).unwrap(), None);
        }
    }

    #[test]
    fn no_other_file_may_be_replaced() {
        let most = UNFINISHED_MAX as usize;
        let files = [
            b"p".to_vec(),
            b"PRECIOUS\n".to_vec(),
            b"HBTRACKS".to_vec(),
            b"\0\0\0\x18ftypmp42".to_vec(),
            zeros(PAGE, header::VERSION, b"7"),
            zeros(PAGE, 1080, &[0x53, 0xef, 1])
                .into_iter()
                .chain([0, 1])
                .collect(),
            zeros(65 * 1024, 64 * 1024, b"_BHRfS_M"),
            vec![0; most + 1],
        ];
        for (nth, file) in files.iter().enumerate() {
            assert!(!is_replaceable(&file[..]).unwrap(), "file {nth}");
        }
    }
}
