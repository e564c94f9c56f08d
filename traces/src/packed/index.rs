//! Which bytes of the trace lie where in which block.
//!
//! A packed file is the trace's header page with one flag more, a *pack head*,
//! the blocks end to end, and the index. The index covers the trace's bytes
//! behind its header by *extents*; what no extent covers is zero. Chunk headers
//! lie in the index itself, so that a reader finds all chunks without unpacking
//! any.

use zstd::bulk::Decompressor;

use super::Fault;
use super::streams::{self, Input, Squeeze, put_number};

/// First bytes of the pack head.
const MAGIC: [u8; 8] = *b"HBPACKED";
/// Version of the packing that this code writes and reads.
pub(crate) const PACK_VERSION: u32 = 1;
/// Bytes of the pack head, behind the header page.
pub(crate) const PACK_HEAD: usize = 64;
/// Most bytes that a stored byte unpacks to.
pub(crate) const RATIO_MAX: u64 = 256;
/// The same for the index.
const INDEX_RATIO_MAX: u64 = 32;
/// In place of a block's number: the extent lies among the index's own bytes.
pub(crate) const HEADS: u32 = u32::MAX;

/// A block, as the index tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockEntry {
    /// Where it lies in the packed file.
    pub(crate) offset: u64,
    /// Bytes that it takes there.
    pub(crate) stored: u32,
    /// Bytes that it unpacks to.
    pub(crate) length: u32,
    /// CRC-32 of the stored bytes.
    pub(crate) checksum: u32,
}

/// Bytes of the trace that lie together in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Where they lie in the trace.
    pub(crate) start: u64,
    /// How many.
    pub(crate) length: u32,
    /// Number of the block, or [`HEADS`].
    pub(crate) block: u32,
    /// Where they begin in it. Extents of a block follow each other in the
    /// order of the trace.
    pub(crate) at: u32,
    /// How many words come before the first that is zero, as a reader that
    /// halves finds it; all of them, where no reader asks.
    pub(crate) words: u32,
}

impl Extent {
    /// Behind its last byte in the trace.
    pub(crate) fn end(&self) -> u64 {
        self.start.saturating_add(u64::from(self.length))
    }
}

/// What a packed file says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Index {
    /// Bytes of the trace, its header page included.
    pub(crate) length: u64,
    /// By number.
    pub(crate) blocks: Vec<BlockEntry>,
    /// By start, disjoint.
    pub(crate) extents: Vec<Extent>,
    /// The index's own bytes: chunk headers.
    pub(crate) heads: Vec<u8>,
}

/// The pack head, read.
struct Head {
    length: u64,
    offset: u64,
    stored: u64,
    unpacked: u64,
    checksum: u32,
}

impl Index {
    /// The index's stored form.
    ///
    /// # Errors
    /// If zstd fails, for want of memory.
    pub(crate) fn store(&self) -> std::io::Result<(Vec<u8>, u64)> {
        let mut plain = Vec::new();
        put_number(self.blocks.len() as u64, &mut plain);
        put_number(self.extents.len() as u64, &mut plain);
        put_number(self.heads.len() as u64, &mut plain);
        for block in &self.blocks {
            put_number(u64::from(block.stored), &mut plain);
            put_number(u64::from(block.length), &mut plain);
            plain.extend(block.checksum.to_le_bytes());
        }
        let mut last = 0;
        for extent in &self.extents {
            put_number(extent.start.wrapping_sub(last), &mut plain);
            put_number(u64::from(extent.length), &mut plain);
            put_number(u64::from(extent.block.wrapping_add(1)), &mut plain);
            put_number(u64::from(extent.words), &mut plain);
            last = extent.end();
        }
        plain.extend(&self.heads);
        let mut stored = Vec::new();
        Squeeze::new()?.put(&plain, &mut stored)?;
        let least = plain.len().div_ceil(INDEX_RATIO_MAX as usize);
        stored.resize(stored.len().max(least), 0);
        Ok((stored, plain.len() as u64))
    }

    /// The pack head of a file whose index was [stored](Index::store) at
    /// `offset`, behind this `page`.
    pub(crate) fn head(&self, page: &[u8], offset: u64, stored: &[u8], unpacked: u64) -> Vec<u8> {
        let mut head = Vec::with_capacity(PACK_HEAD);
        head.extend(MAGIC);
        head.extend(PACK_VERSION.to_le_bytes());
        head.extend([0; 4]);
        for field in [self.length, offset, stored.len() as u64, unpacked] {
            head.extend(field.to_le_bytes());
        }
        head.resize(PACK_HEAD, 0);
        let checksum = checksum(&[page, &head, stored]);
        head[CHECKSUM..CHECKSUM + 4].copy_from_slice(&checksum.to_le_bytes());
        head
    }

    /// Reads the index of a packed `file` whose header takes `page` bytes.
    ///
    /// # Errors
    /// If there is none, with the byte where something else was found.
    pub(crate) fn read(file: &[u8], page: usize) -> Result<Index, (u64, Fault)> {
        let at_head = |fault| (page as u64, fault);
        let head = Head::read(file, page).map_err(at_head)?;
        let stored = usize::try_from(head.offset)
            .ok()
            .and_then(|from| file.get(from..));
        let stored = stored.filter(|stored| stored.len() as u64 == head.stored);
        let Some(stored) = stored.filter(|_| head.offset >= (page + PACK_HEAD) as u64) else {
            let (expected, found) = (head.offset.saturating_add(head.stored), file.len());
            let fault = format!("a file of {expected} bytes, found {found}");
            return Err(at_head(Fault::new(fault)));
        };
        let mut bare = file[page..page + PACK_HEAD].to_vec();
        bare[CHECKSUM..CHECKSUM + 4].fill(0);
        let found = checksum(&[&file[..page], &bare, stored]);
        if found != head.checksum {
            let expected = head.checksum;
            let fault = format!("an index with checksum {expected:#x}, found {found:#x}");
            return Err((head.offset, Fault::new(fault)));
        }
        Index::unpack(&head, stored, page).map_err(|fault| (head.offset, fault))
    }

    fn unpack(head: &Head, stored: &[u8], page: usize) -> Result<Index, Fault> {
        let limit = (stored.len() as u64).saturating_mul(INDEX_RATIO_MAX);
        if head.unpacked > limit {
            let found = head.unpacked;
            return Err(Fault::new(format!(
                "an index of at most {limit} bytes, found one of {found}"
            )));
        }
        let mut zstd = Decompressor::new().map_err(|error| Fault::new(error.to_string()))?;
        let limit = usize::try_from(head.unpacked).unwrap_or(usize::MAX);
        let plain = streams::take(&mut Input(stored), limit, &mut zstd)?;
        let mut input = Input(&plain);
        let counts = [input.number()?, input.number()?, input.number()?];
        let mut index = Index {
            length: head.length,
            ..Index::default()
        };
        index.take_blocks(&mut input, counts[0], (page + PACK_HEAD) as u64)?;
        if index
            .blocks
            .last()
            .map_or((page + PACK_HEAD) as u64, block_end)
            != head.offset
        {
            return Err(Fault::new("blocks up to the index, found others"));
        }
        index.take_extents(&mut input, counts[1], counts[2], page as u64)?;
        index.heads = input.take(counts[2])?.to_vec();
        Ok(index)
    }

    fn take_blocks(&mut self, input: &mut Input<'_>, count: u64, mut at: u64) -> Result<(), Fault> {
        for _ in 0..count {
            let small = |number: u64| {
                u32::try_from(number).map_err(|_| Fault::new("a length below 4 GiB, found another"))
            };
            let block = BlockEntry {
                offset: at,
                stored: small(input.number()?)?,
                length: small(input.number()?)?,
                checksum: u32::from_le_bytes(input.take(4)?.try_into().unwrap_or_default()),
            };
            if block.stored == 0 || block.length == 0 {
                return Err(Fault::new(format!(
                    "blocks that hold something, found an empty one at byte {at}"
                )));
            }
            if u64::from(block.length) > u64::from(block.stored) * RATIO_MAX {
                let (length, stored) = (block.length, block.stored);
                return Err(Fault::new(format!(
                    "blocks of at most {RATIO_MAX} times their stored size, found one at byte \
                     {at} that claims {length} of {stored}"
                )));
            }
            at = block_end(&block);
            self.blocks.push(block);
        }
        Ok(())
    }

    fn take_extents(
        &mut self,
        input: &mut Input<'_>,
        count: u64,
        heads: u64,
        page: u64,
    ) -> Result<(), Fault> {
        let mut filled = vec![0_u32; self.blocks.len()];
        let (mut in_heads, mut last) = (0_u32, 0_u64);
        let wrong = || Fault::new("extents that fill their blocks, found others");
        for _ in 0..count {
            let start = last.checked_add(input.number()?).ok_or_else(wrong)?;
            let numbers = [input.number()?, input.number()?, input.number()?];
            let small = |number: u64| u32::try_from(number).map_err(|_| wrong());
            let (length, words) = (small(numbers[0])?, small(numbers[2])?);
            let block = small(numbers[1])?.wrapping_sub(1);
            let at = match block {
                HEADS => &mut in_heads,
                block => filled.get_mut(block as usize).ok_or_else(wrong)?,
            };
            let extent = Extent {
                start,
                length,
                block,
                at: *at,
                words,
            };
            *at = at.checked_add(length).ok_or_else(wrong)?;
            last = start.checked_add(u64::from(length)).ok_or_else(wrong)?;
            if start < page || last > self.length {
                return Err(wrong());
            }
            self.extents.push(extent);
        }
        let filled = filled.iter().zip(&self.blocks);
        let whole = filled
            .into_iter()
            .all(|(filled, block)| *filled == block.length);
        match whole && u64::from(in_heads) == heads {
            true => Ok(()),
            false => Err(wrong()),
        }
    }
}

/// Offset of the checksum in the pack head.
const CHECKSUM: usize = 48;

fn block_end(block: &BlockEntry) -> u64 {
    block.offset.saturating_add(u64::from(block.stored))
}

fn checksum(parts: &[&[u8]]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize()
}

impl Head {
    fn read(file: &[u8], page: usize) -> Result<Head, Fault> {
        let head = file.get(page..).and_then(|rest| rest.get(..PACK_HEAD));
        let head = head.ok_or_else(|| {
            let found = file.len();
            Fault::new(format!("a pack head, found the file cut at {found} bytes"))
        })?;
        // In bounds: the head is whole.
        let u64_at = |at: usize| {
            let bytes = head.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
            u64::from_le_bytes(bytes.unwrap_or_default())
        };
        let version = u64_at(8) as u32;
        if head[..8] != MAGIC || version != PACK_VERSION {
            return Err(Fault::new(format!(
                "a pack head of version {PACK_VERSION}, found version {version}"
            )));
        }
        Ok(Head {
            length: u64_at(16),
            offset: u64_at(24),
            stored: u64_at(32),
            unpacked: u64_at(40),
            checksum: u64_at(CHECKSUM) as u32,
        })
    }
}
