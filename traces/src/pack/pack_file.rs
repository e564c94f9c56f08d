//! Writes a packed file.

use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::Sizes;
use super::draft::{Draft, unwritable};
use super::plan::{self, Block, Plan, Sort};
use super::shapes;
use crate::error::{Error, ErrorKind, Place};
use crate::format::layout::{flags, header};
use crate::mapped::{self, Mapping};
use crate::packed::{BlockEntry, Index, PACK_HEAD, Packer};
use crate::read::header::Header;
use crate::read::looks_like_text;

/// Packed blocks that a thread may be ahead of the writing one.
const AHEAD: usize = 4;

/// Packs the trace at `path` into a file at `target`, in place of what is
/// there, with `jobs` threads.
///
/// # Errors
/// If `path` is no trace, is packed already, or is still recorded into; if
/// `target` can't be written.
pub fn pack(path: &Path, target: &Path, jobs: usize) -> Result<Sizes, Error> {
    let file = mapped::map(path)?;
    let refuse = |message: &str| {
        let kind = ErrorKind::NotATrace;
        Err(Error::new(path, Place::File, kind, message))
    };
    if looks_like_text(file.bytes()) {
        return refuse("is a text and not a .trace file; convert it to one first");
    }
    let header = Header::parse(path, file.bytes())?;
    if header.is_packed() {
        return refuse("is packed already; unpack it first to pack it anew");
    }
    if file.is_live() && !header.complete {
        return refuse("is still recorded into; pack it when its process has ended");
    }
    if (file.bytes().len() as u64) < header.size {
        return refuse("the file is cut within its header; copy it again, or record again");
    }
    let mapping = Mapping::plain(file);
    let plan = plan::plan(&mapping, &header);
    let written = write(&mapping, header.size, plan, target, jobs.max(1));
    written.map_err(|error| unwritable(target, &error))
}

fn write(
    mapping: &Mapping,
    page: u64,
    plan: Plan,
    target: &Path,
    jobs: usize,
) -> io::Result<Sizes> {
    let draft = Draft::beside(target)?;
    let mut out = BufWriter::new(&draft.file);
    let page = flagged(&mapping.bytes(0..page));
    out.write_all(&page)?;
    out.write_all(&[0; PACK_HEAD])?;
    let mut index = Index {
        length: mapping.len(),
        blocks: Vec::with_capacity(plan.blocks.len()),
        extents: plan.extents,
        heads: plan.heads,
    };
    let mut at = (page.len() + PACK_HEAD) as u64;
    each_packed(mapping, &plan.blocks, jobs, |block, stored| {
        out.write_all(&stored)?;
        let length = block.ranges.iter().map(|range| range.end - range.start);
        index.blocks.push(BlockEntry {
            offset: at,
            stored: stored.len() as u32,
            length: length.sum::<u64>() as u32,
            checksum: crc32fast::hash(&stored),
        });
        at += stored.len() as u64;
        Ok(())
    })?;
    let (stored, unpacked) = index.store()?;
    out.write_all(&stored)?;
    out.seek(SeekFrom::Start(page.len() as u64))?;
    out.write_all(&index.head(&page, at, &stored, unpacked))?;
    out.flush()?;
    drop(out);
    draft.keep(target)?;
    Ok(Sizes {
        trace: mapping.len(),
        packed: at + stored.len() as u64,
    })
}

/// The header page of a trace as that of a packed one.
fn flagged(page: &[u8]) -> Vec<u8> {
    let mut page = page.to_vec();
    let bits = &mut page[header::FLAGS..header::FLAGS + 4];
    let packed = flags::PACKED.to_le_bytes();
    bits.iter_mut()
        .zip(packed)
        .for_each(|(bit, packed)| *bit |= packed);
    page
}

/// Packs all blocks, and takes them in their order. Each thread packs every so
/// many-th block and waits when it is [`AHEAD`], which bounds the memory.
fn each_packed(
    mapping: &Mapping,
    blocks: &[Block],
    jobs: usize,
    mut take: impl FnMut(&Block, Vec<u8>) -> io::Result<()>,
) -> io::Result<()> {
    std::thread::scope(|scope| {
        let mut packing = Vec::new();
        for first in 0..jobs.min(blocks.len()) {
            let (sender, receiver) = sync_channel(AHEAD);
            let every = blocks.iter().skip(first).step_by(jobs);
            let work = move || pack_every(mapping, every, &sender);
            std::thread::Builder::new().spawn_scoped(scope, work)?;
            packing.push(receiver);
        }
        for (at, block) in blocks.iter().enumerate() {
            take(block, next(&packing[at % jobs])?)?;
        }
        Ok(())
    })
}

type Stored = io::Result<Vec<u8>>;

fn next(receiver: &Receiver<Stored>) -> Stored {
    let gone = |_| Err(io::Error::other("a packing thread ended early"));
    receiver.recv().unwrap_or_else(gone)
}

fn pack_every<'a>(
    mapping: &Mapping,
    blocks: impl Iterator<Item = &'a Block>,
    sender: &SyncSender<Stored>,
) {
    let mut packer = Packer::new();
    for block in blocks {
        let stored = match &mut packer {
            Ok(packer) => pack_block(mapping, block, packer),
            Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
        };
        // The writer has failed when it no longer receives.
        if sender.send(stored).is_err() {
            return;
        }
    }
}

fn pack_block(mapping: &Mapping, block: &Block, packer: &mut Packer) -> Stored {
    let layout = match block.sort {
        Sort::Sync => shapes::sync(),
        _ => shapes::accesses(),
    };
    let mut bytes = Vec::new();
    let mut shapes = Vec::new();
    for range in &block.ranges {
        let part = mapping.bytes(range.clone());
        match block.sort {
            Sort::Sync => shapes::of_sync(&layout, part.words(), &mut shapes),
            Sort::Accesses => shapes.extend(part.words().iter().map(|_| 0)),
            Sort::Bytes => {}
        }
        bytes.extend_from_slice(&part);
    }
    let words = bytes.as_chunks::<8>().0;
    match block.sort {
        Sort::Sync | Sort::Accesses => packer.words(&layout.of(&mut shapes), words, &shapes),
        Sort::Bytes => packer.bytes(&bytes),
    }
}
