//! Which bytes of a trace go into which block.
//!
//! A chunk's header goes into the index, its payload into a block of its
//! stream; small chunks share one. So a reader finds all chunks without
//! unpacking any, reads sync events without unpacking accesses, and unpacks
//! little more than it walks. What lies in no chunk is kept as it is. Zeros at
//! the end of payloads and pages are not stored.

use std::ops::Range;

use crate::format::layout::{CHUNK_HEADER, StreamKind};
use crate::mapped::Mapping;
use crate::packed::{Extent, HEADS};
use crate::read::chunks::{Chunk, chunk_at};
use crate::read::header::Header;

/// A block of accesses or of bytes has up to so many, if its first chunk has no
/// more.
const BLOCK: u64 = 256 * 1024;
/// The same of sync events, which are read through and not here and there.
const SYNC_BLOCK: u64 = 2 * BLOCK;

/// What a block holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sort {
    /// Words of sync events.
    Sync,
    /// Words of accesses.
    Accesses,
    /// Anything.
    Bytes,
}

/// A block to be packed.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) sort: Sort,
    /// Where its bytes lie in the trace.
    pub(super) ranges: Vec<Range<u64>>,
}

/// What goes where.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) blocks: Vec<Block>,
    pub(super) extents: Vec<Extent>,
    pub(super) heads: Vec<u8>,
    /// The block of each sort that is not full yet, and its bytes.
    open: [Option<(u32, u64)>; 3],
}

/// Plans the blocks of a trace.
pub(super) fn plan(mapping: &Mapping, header: &Header) -> Plan {
    let mut plan = Plan::default();
    let mut at = header.size;
    while at < mapping.len() {
        match chunk_at(mapping, header, at) {
            Some(chunk) => {
                plan.add_chunk(mapping, at, &chunk);
                at = at.saturating_add(chunk.size);
            }
            None => {
                let page = at..at.saturating_add(header.page);
                plan.add(mapping, Sort::Bytes, page.clone(), None);
                at = page.end;
            }
        }
    }
    plan
}

impl Plan {
    fn add_chunk(&mut self, mapping: &Mapping, at: u64, chunk: &Chunk) {
        let head = mapping.bytes(at..at + CHUNK_HEADER as u64);
        self.extents.push(Extent {
            start: at,
            length: head.len() as u32,
            block: HEADS,
            at: self.heads.len() as u32,
            words: 0,
        });
        self.heads.extend_from_slice(&head);
        let sort = match chunk.stream {
            StreamKind::Sync => Sort::Sync,
            StreamKind::Access => Sort::Accesses,
            StreamKind::Table => Sort::Bytes,
        };
        let end = at.saturating_add(chunk.size).min(mapping.len());
        let body = at + CHUNK_HEADER as u64..end;
        let words = match sort {
            Sort::Accesses => Some(mapping.written(chunk.payload.clone()) as u32),
            _ => None,
        };
        if sort == Sort::Bytes {
            self.add(mapping, sort, body, None);
            return;
        }
        // A file that was cut may end within a word.
        let whole = body.start..end - (end - body.start) % 8;
        self.add(mapping, sort, whole.clone(), words);
        self.add(mapping, Sort::Bytes, whole.end..end, None);
    }

    /// Adds bytes without the zeros at their end.
    fn add(&mut self, mapping: &Mapping, sort: Sort, range: Range<u64>, words: Option<u32>) {
        let bytes = mapping.bytes(range.clone());
        let Some(last) = bytes.iter().rposition(|byte| *byte != 0) else {
            return;
        };
        let length = match sort {
            Sort::Bytes => last as u64 + 1,
            _ => (last as u64 + 1).next_multiple_of(8),
        };
        let (block, at) = self.open_block(sort, length);
        self.blocks[block as usize]
            .ranges
            .push(range.start..range.start + length);
        self.extents.push(Extent {
            start: range.start,
            length: length as u32,
            block,
            at: at as u32,
            words: words.unwrap_or(0),
        });
    }

    /// The block for `length` more bytes of a sort, and where they go in it.
    fn open_block(&mut self, sort: Sort, length: u64) -> (u32, u64) {
        let most = match sort {
            Sort::Sync => SYNC_BLOCK,
            _ => BLOCK,
        };
        let open = self.open[sort as usize].filter(|(_, bytes)| bytes + length <= most);
        let (block, at) = open.unwrap_or_else(|| {
            self.blocks.push(Block {
                sort,
                ranges: Vec::new(),
            });
            (self.blocks.len() as u32 - 1, 0)
        });
        self.open[sort as usize] = Some((block, at + length));
        (block, at)
    }
}
