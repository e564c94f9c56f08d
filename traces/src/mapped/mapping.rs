//! The bytes of a trace, as recorded: in the mapped file, or unpacked when asked
//! for.

use std::ops::{Deref, Range};
use std::path::Path;
use std::sync::Arc;

use super::blocks::Blocks;
use super::file::MappedFile;
use crate::error::{Error, ErrorKind, Place};
use crate::format::layout::chunk;
use crate::packed::{Extent, Fault, HEADS, Index};

/// Zeros that lie nowhere.
static ZEROS: [u8; 1 << 16] = [0; 1 << 16];

/// The bytes of a trace.
#[derive(Debug)]
pub(crate) struct Mapping(Form);

#[derive(Debug)]
enum Form {
    Plain(MappedFile),
    Packed(Packed),
}

/// What is unpacked of a packed file, and where its bytes belong.
#[derive(Debug)]
struct Packed {
    length: u64,
    extents: Vec<Extent>,
    heads: Vec<u8>,
    blocks: Blocks,
}

/// Bytes of a trace, in the file or unpacked.
#[derive(Clone, Debug)]
pub(crate) enum Bytes<'a> {
    /// In the file, or in the index of one.
    Lying(&'a [u8]),
    /// Part of an unpacked block.
    Unpacked(Arc<Vec<u8>>, Range<usize>),
}

impl Deref for Bytes<'_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Lying(bytes) => bytes,
            Bytes::Unpacked(block, range) => &block[range.clone()],
        }
    }
}

impl Bytes<'_> {
    /// The whole words in them.
    #[inline]
    pub(crate) fn words(&self) -> &[[u8; 8]] {
        self.as_chunks::<8>().0
    }
}

impl Mapping {
    /// The trace that lies in `file` as it was recorded.
    pub(crate) fn plain(file: MappedFile) -> Mapping {
        Mapping(Form::Plain(file))
    }

    /// The trace that is packed in `file`, behind a header of `page` bytes.
    ///
    /// # Errors
    /// If it is not packed as this code knows it.
    pub(crate) fn packed(path: &Path, file: MappedFile, page: u64) -> Result<Mapping, Error> {
        // A header is at most 64 KiB.
        let index = Index::read(file.bytes(), page as usize);
        let index = index.map_err(|(at, fault)| damaged(path, at, &fault))?;
        let next = following(&index);
        Ok(Mapping(Form::Packed(Packed {
            length: index.length,
            extents: index.extents,
            heads: index.heads,
            blocks: Blocks::new(file, index.blocks.into_iter().zip(next)),
        })))
    }

    /// Bytes of the trace.
    pub(crate) fn len(&self) -> u64 {
        match &self.0 {
            Form::Plain(file) => file.bytes().len() as u64,
            Form::Packed(packed) => packed.length,
        }
    }

    /// Bytes of the file, if they are others than those of the trace.
    pub(crate) fn packed_len(&self) -> Option<u64> {
        match &self.0 {
            Form::Plain(_) => None,
            Form::Packed(packed) => Some(packed.blocks.file().bytes().len() as u64),
        }
    }

    /// Looks at no more than `len` bytes: a recorder that ends meanwhile cuts
    /// off what it has not handed out.
    pub(crate) fn limit(&mut self, len: u64) {
        if let Form::Plain(file) = &mut self.0 {
            file.limit(len);
        }
    }

    /// Whether a process still recorded into the file when it was mapped.
    pub(crate) fn is_live(&self) -> bool {
        match &self.0 {
            Form::Plain(file) => file.is_live(),
            Form::Packed(_) => false,
        }
    }

    /// The bytes in `range`, clamped to the trace.
    #[inline]
    pub(crate) fn bytes(&self, range: Range<u64>) -> Bytes<'_> {
        match &self.0 {
            Form::Plain(file) => Bytes::Lying(file.slice(range)),
            Form::Packed(packed) => packed.bytes(range),
        }
    }

    /// How many of the words in `range` come before the first that is zero, for
    /// words of which none but the last ones is.
    pub(crate) fn written(&self, range: Range<u64>) -> usize {
        if let Form::Packed(packed) = &self.0
            && let Some(known) = packed.written(&range)
        {
            return known;
        }
        // Found by halving. (In a damaged file that finds some end, no worse.)
        self.bytes(range)
            .words()
            .partition_point(|word| *word != [0; 8])
    }

    /// The next byte, from `at` on, before which all are known to be zero.
    pub(crate) fn skip_zeros(&self, at: u64) -> u64 {
        match &self.0 {
            Form::Plain(_) => at,
            Form::Packed(packed) => packed.skip_zeros(at),
        }
    }

    /// The end of a piece of at most `most` bytes that lie together from `at` on.
    pub(crate) fn run_end(&self, at: u64, most: u64) -> u64 {
        let together = match &self.0 {
            Form::Plain(_) => None,
            Form::Packed(packed) => packed.extent(at),
        };
        let end = together.map_or(self.len(), Extent::end);
        end.min(at.saturating_add(most))
    }

    /// Whether all bytes that were asked for so far could be given. Those that
    /// could not were given as zeros.
    ///
    /// # Errors
    /// If a packed block was damaged.
    pub(crate) fn check(&self, path: &Path) -> Result<(), Error> {
        let fault = match &self.0 {
            Form::Plain(_) => None,
            Form::Packed(packed) => packed.blocks.fault(),
        };
        match fault {
            None => Ok(()),
            Some((at, fault)) => Err(damaged(path, *at, fault)),
        }
    }
}

/// For each block, the next one that holds the same sort of events, as the
/// headers of their chunks tell it.
fn following(index: &Index) -> Vec<Option<u32>> {
    let mut sort = 0;
    let mut sorts = vec![0; index.blocks.len()];
    for extent in &index.extents {
        match extent.block {
            HEADS => {
                let stream = index.heads.get(extent.at as usize + chunk::STREAM);
                sort = stream.copied().unwrap_or_default();
            }
            block => sorts[block as usize] = sort,
        }
    }
    let mut last: [Option<u32>; 256] = [None; 256];
    let mut next = vec![None; sorts.len()];
    for (number, sort) in sorts.iter().enumerate().rev() {
        next[number] = last[usize::from(*sort)].replace(number as u32);
    }
    next
}

fn damaged(path: &Path, at: u64, fault: &Fault) -> Error {
    let message = format!(
        "the packed trace is damaged: expected {}; copy the file again, or pack the trace again",
        fault.0
    );
    Error::new(path, Place::Offset(at), ErrorKind::Malformed, message)
}

impl Packed {
    /// The extent in which `at` lies, or the next one.
    fn extent(&self, at: u64) -> Option<&Extent> {
        let before = self.extents.partition_point(|extent| extent.end() <= at);
        self.extents.get(before)
    }

    fn skip_zeros(&self, at: u64) -> u64 {
        self.extent(at)
            .map_or(self.length.max(at), |extent| extent.start.max(at))
    }

    fn written(&self, range: &Range<u64>) -> Option<usize> {
        let extent = self.extent(range.start)?;
        let words = range.end.saturating_sub(range.start) / 8;
        let known = u64::from(extent.words).min(words);
        (extent.start == range.start && extent.block != HEADS).then_some(known as usize)
    }

    fn bytes(&self, range: Range<u64>) -> Bytes<'_> {
        let range = range.start..range.end.min(self.length);
        if range.is_empty() {
            return Bytes::Lying(&[]);
        }
        let length = range.end - range.start;
        match self.extent(range.start) {
            Some(extent) if extent.start <= range.start && range.end <= extent.end() => {
                let from = extent.at as usize + (range.start - extent.start) as usize;
                self.part(extent.block, from..from + length as usize)
            }
            Some(extent) if extent.start < range.end => self.copied(range),
            _ => match ZEROS.get(..length as usize) {
                Some(zeros) => Bytes::Lying(zeros),
                None => self.copied(range),
            },
        }
    }

    /// A part of a block.
    fn part(&self, block: u32, range: Range<usize>) -> Bytes<'_> {
        if block == HEADS {
            // The index was checked: extents lie within what they are parts of.
            return Bytes::Lying(self.heads.get(range).unwrap_or_default());
        }
        Bytes::Unpacked(self.blocks.get(block), range)
    }

    /// Bytes of several extents, and of zeros between them.
    fn copied(&self, range: Range<u64>) -> Bytes<'static> {
        let mut out = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let extent = self.extent(at).filter(|extent| extent.start < range.end);
            let Some(extent) = extent else {
                break;
            };
            let from = extent.start.max(at);
            let to = extent.end().min(range.end);
            out.resize((from - range.start) as usize, 0);
            let skipped = extent.at as usize + (from - extent.start) as usize;
            let part = skipped..skipped + (to - from) as usize;
            out.extend_from_slice(&self.part(extent.block, part));
            at = to;
        }
        let length = (range.end - range.start) as usize;
        out.resize(length, 0);
        Bytes::Unpacked(Arc::new(out), 0..length)
    }
}
