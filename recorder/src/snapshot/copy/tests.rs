//! Tests: what happens to chunks while a file is copied.

use std::fs::File;
use std::os::unix::fs::FileExt;

use hbtrace_traces::format::layout::{PAGE, StreamKind, chunk};

use super::settle;

/// Lays the header of a chunk at `at`.
fn lay(file: &File, at: usize, size: usize, state: u8, thread: u32) {
    let put = |field: usize, bytes: &[u8]| {
        file.write_all_at(bytes, (at + field) as u64)
            .expect("room for a page");
    };
    put(chunk::MAGIC, &chunk::MAGIC_VALUE.to_le_bytes());
    put(chunk::STREAM, &[StreamKind::Access as u8]);
    put(chunk::STATE, &[state]);
    put(chunk::OFFSET, &(at as u64).to_le_bytes());
    put(chunk::SIZE, &(size as u32).to_le_bytes());
    put(chunk::WRITER, &thread.to_le_bytes());
    put(chunk::THREAD, &thread.to_le_bytes());
    put(chunk::TICKS, &u64::from(thread).to_le_bytes());
}

fn field(file: &File, at: usize) -> u32 {
    let mut bytes = [0; 4];
    file.read_exact_at(&mut bytes, at as u64).expect("there");
    u32::from_le_bytes(bytes)
}

/// A chunk's header was read while it was open and three pages large. Then its
/// thread ended and gave up two of them; another has one of these already, and
/// its page was copied behind that.
#[test]
fn pages_that_a_chunk_gave_up_during_the_copy_are_not_its_own_in_the_copy() {
    let (source, to) = (tempfile(), tempfile());
    let (first, second, end) = (PAGE, 2 * PAGE, 4 * PAGE);
    lay(&to, first, 3 * PAGE, chunk::OPEN, 1);
    lay(&source, first, PAGE, chunk::CLOSED, 1);
    for file in [&source, &to] {
        lay(file, second, PAGE, chunk::OPEN, 2);
        file.write_all_at(&[7; 8], (second + PAGE) as u64)
            .expect("room");
    }
    settle(&source, &to, end as u64).expect("both can be read");
    assert_eq!(field(&to, first + chunk::SIZE), PAGE as u32);
    assert_eq!(field(&to, second + chunk::SIZE), PAGE as u32);
    assert_eq!(field(&to, second + chunk::THREAD), 2);
    assert_eq!(
        field(&to, second + PAGE),
        0,
        "space without a header is empty"
    );
}

/// A file without a name, of four pages.
fn tempfile() -> File {
    let file = ::tempfile::tempfile().expect("a file");
    file.set_len(4 * PAGE as u64).expect("room");
    file
}
