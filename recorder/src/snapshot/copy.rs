//! How a snapshot is made consistent.
//!
//! Threads write while the file is copied, and chunks of a flight recording are
//! recycled. The copy is made so that what it says is true at one instant, its
//! *beginning*:
//!
//! 1. The time is taken. The copy's header says that all that had happened by
//!    then is in it (state 2, see section 11 of the format); readers compare
//!    nothing that is later. Of a flight recording, half of the pool is held from
//!    then on: the chunks that were closed last, and those that are open. They are
//!    not recycled, and threads go on in the others.
//! 2. Everything that is handed out is copied, from lower addresses to higher
//!    ones. A thread stores an event's first word last, so a word that is there
//!    finds the others there too.
//! 3. The headers of all chunks are read again. A chunk whose header says
//!    something else than in the copy, or that it is free, was recycled
//!    meanwhile: what was copied may be of two owners, so the copy says that it
//!    is free. Recycling marks a chunk as free before it touches its payload, and
//!    whoever draws it next writes other ticks; so a header that is the same
//!    before and after means that the payload was one thread's all the while.
//!    A chunk of a stream that was closed meanwhile has given up the pages that
//!    it did not need, where another may lie by then: it becomes as small in the
//!    copy. What has no header is space that was drawn after the beginning, and
//!    becomes empty.
//! 4. `evicted until` becomes the ticks at which the last chunk was closed that was
//!    not held, or had to be recycled though it was: it covers all chunks that
//!    step 3 left out and that were drawn before the beginning.
//!
//! An open chunk ends where its first word is zero, in the copy as in the file.
//! A chunk that was drawn after the beginning is in the copy where it was met,
//! and readers leave it out by its ticks.
//!
//! If so many threads write that what is held is used up as well, `evicted until`
//! is later than the beginning: no verdict holds in such a copy. Only what idle
//! threads did last is in it.
//!
//! The file is read through its descriptor, not through the mapping: a page that
//! can't be read is an error here and no signal. The copy is written beside its
//! path and appears there when it is whole.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use hbtrace_traces::format::layout::{CHUNK_HEADER, CHUNK_LIMIT, PAGE, chunk, header};
use hbtrace_traces::format::start;

use crate::output;
use crate::series;
use crate::shared::Shared;

/// Bytes that are copied at a time.
const PIECE: usize = 256 << 10;
/// State of a copy.
const COPIED: u32 = 2;

/// Copies what is recorded to `path`. Returns whether verdicts hold anywhere in
/// the copy: not if the threads outran it.
pub(super) fn copy(shared: &Shared, path: &Path) -> io::Result<bool> {
    replaceable(path)?;
    let source = shared.source()?;
    let draft = series::draft(path);
    let made = series::make_draft(&draft);
    // One that is there is somebody else's.
    let is_ours = made.is_ok();
    let written = made
        .and_then(|to| fill(shared, &source, &to))
        .and_then(|holds| fs::rename(&draft, path).map(|()| holds));
    if is_ours && written.is_err() {
        // It is of no use; that it can't be removed is not the error to tell.
        let _ = fs::remove_file(&draft);
    }
    written
}

/// Whether a copy may take the place of what is at `path`.
fn replaceable(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    let old = match options.read(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        old => old?,
    };
    let reason = if !old.metadata()?.is_file() || !start::is_replaceable(&old)? {
        "it exists and is not a trace: choose another path, or remove it"
    } else if output::locked(&old).is_ok_and(|ours| !ours) {
        "a process records into it: choose another path"
    } else {
        return Ok(());
    };
    Err(io::Error::new(io::ErrorKind::AlreadyExists, reason))
}

fn fill(shared: &Shared, source: &File, to: &File) -> io::Result<bool> {
    let (ticks, ns) = shared.moment();
    let held = shared.hold(ticks);
    let mut head = vec![0; PAGE];
    source.read_exact_at(&mut head, 0)?;
    let end = u64_of(&head, header::ALLOCATED).min(source.metadata()?.len());
    to.set_len(end)?;
    copy_pieces(source, to, end)?;
    settle(source, to, end)?;
    source.read_exact_at(&mut head, 0)?;
    let evicted = held.evicted().unwrap_or(0);
    drop(held);
    let mut put = |at: usize, bytes: &[u8]| head[at..at + bytes.len()].copy_from_slice(bytes);
    put(header::LAST_TICKS, &ticks.to_le_bytes());
    put(header::LAST_NS, &ns.to_le_bytes());
    put(header::ALLOCATED, &end.to_le_bytes());
    put(header::EVICTED_UNTIL, &evicted.to_le_bytes());
    put(header::STATE, &COPIED.to_le_bytes());
    to.write_all_at(&head, 0)?;
    Ok(evicted < ticks)
}

/// Copies all but the header; zeros are left out.
fn copy_pieces(source: &File, to: &File, end: u64) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    let mut at = PAGE as u64;
    while at < end {
        let len = (end - at).min(PIECE as u64) as usize;
        source.read_exact_at(&mut piece[..len], at)?;
        if piece[..len].iter().any(|byte| *byte != 0) {
            to.write_all_at(&piece[..len], at)?;
        }
        at += len as u64;
    }
    Ok(())
}

/// Marks the chunks that were recycled meanwhile, cuts those that were closed,
/// and empties what is none.
fn settle(source: &File, to: &File, end: u64) -> io::Result<()> {
    let (mut copied, mut now) = ([0; CHUNK_HEADER], [0; CHUNK_HEADER]);
    let mut at = PAGE as u64;
    while at < end {
        to.read_exact_at(&mut copied, at)?;
        let Some(size) = size_of(&copied, at) else {
            to.write_all_at(&[0; PAGE], at)?;
            at += PAGE as u64;
            continue;
        };
        source.read_exact_at(&mut now, at)?;
        let kept = size_of(&now, at).map_or(size, |kept| kept.min(size));
        if !is_same(&copied, &now) {
            to.write_all_at(&[chunk::FREE], at + chunk::STATE as u64)?;
        } else if kept < size {
            to.write_all_at(&(kept as u32).to_le_bytes(), at + chunk::SIZE as u64)?;
        }
        at += kept;
    }
    Ok(())
}

/// The size of the chunk that this header, read at `at`, is of; `None` if it is
/// of none.
fn size_of(head: &[u8; CHUNK_HEADER], at: u64) -> Option<u64> {
    let size = u64::from(u32_of(head, chunk::SIZE));
    let lawful = size > 0 && size.is_multiple_of(PAGE as u64) && size <= CHUNK_LIMIT as u64;
    let begun = u32_of(head, chunk::MAGIC) == chunk::MAGIC_VALUE;
    (begun && lawful && u64_of(head, chunk::OFFSET) == at).then_some(size)
}

/// Whether two readings of a header are of one owner, who still has the chunk.
fn is_same(before: &[u8; CHUNK_HEADER], after: &[u8; CHUNK_HEADER]) -> bool {
    let same = |from: usize, len: usize| before[from..from + len] == after[from..from + len];
    after[chunk::STATE] != chunk::FREE
        && same(chunk::MAGIC, 5)
        && same(chunk::WRITER, 4)
        && same(chunk::SEQUENCE, 4)
        && same(chunk::POSITION, 8)
        && same(chunk::TICKS, 8)
}

fn u32_of(bytes: &[u8], at: usize) -> u32 {
    let field = bytes.get(at..).and_then(|rest| rest.first_chunk());
    u32::from_le_bytes(field.copied().unwrap_or_default())
}

fn u64_of(bytes: &[u8], at: usize) -> u64 {
    let field = bytes.get(at..).and_then(|rest| rest.first_chunk());
    u64::from_le_bytes(field.copied().unwrap_or_default())
}

#[cfg(all(test, not(loom)))]
mod tests;
