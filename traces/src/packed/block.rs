//! A block: bytes of a trace in their stored form.
//!
//! The first stored byte says how: 0 compressed as they are, 1 as words of
//! events. Zeros are appended until the stored form is at least
//! [`RATIO_MAX`]th of what it unpacks to, so that a reader may refuse whatever
//! claims to unpack to more: no file makes it allocate without end.

use std::io;

use zstd::bulk::Decompressor;

use super::Fault;
use super::decode;
use super::encode::Writer;
use super::index::RATIO_MAX;
use super::layout::Layout;
use super::model::Model;
use super::streams::{self, Input, Squeeze};

const BYTES: u8 = 0;
const WORDS: u8 = 1;

/// Packs blocks, one after the other.
pub(crate) struct Packer {
    zstd: Squeeze,
    model: Model,
}

impl Packer {
    /// # Errors
    /// If there is no memory for it.
    pub(crate) fn new() -> io::Result<Packer> {
        Ok(Packer {
            zstd: Squeeze::new()?,
            model: Model::new(),
        })
    }

    /// The stored form of any bytes.
    ///
    /// # Errors
    /// If zstd fails, for want of memory.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = vec![BYTES];
        self.zstd.put(bytes, &mut out)?;
        Ok(padded(out, bytes.len()))
    }

    /// The stored form of events' words; `shapes` are those of the events.
    ///
    /// # Errors
    /// If zstd fails, for want of memory.
    pub(crate) fn words(
        &mut self,
        layout: &Layout,
        words: &[[u8; 8]],
        shapes: &[u8],
    ) -> io::Result<Vec<u8>> {
        let mut out = vec![WORDS];
        let layout = layout.with_steps(words, shapes);
        let mut writer = Writer::new(&layout, &mut self.model);
        let mut rest = words;
        for shape in shapes {
            let length = layout.shapes[usize::from(*shape)].len();
            let (event, behind) = rest.split_at(length);
            writer.event(*shape, event);
            rest = behind;
        }
        assert!(rest.is_empty(), "shapes are those of all words");
        writer.finish(&mut self.zstd, &mut out)?;
        Ok(padded(out, words.len() * 8))
    }
}

fn padded(mut stored: Vec<u8>, length: usize) -> Vec<u8> {
    stored.resize(stored.len().max(length.div_ceil(RATIO_MAX as usize)), 0);
    stored
}

/// The bytes of a block that is said to unpack to `length`. The caller has
/// checked `length` against the ratio.
///
/// # Errors
/// If the stored form is none of such a block.
pub(crate) fn unpack(stored: &[u8], length: usize) -> Result<Vec<u8>, Fault> {
    let mut input = Input(stored);
    match input.byte()? {
        BYTES => {
            let mut zstd = Decompressor::new().map_err(|error| Fault::new(error.to_string()))?;
            let bytes = streams::take(&mut input, length, &mut zstd)?;
            match bytes.len() == length {
                true => Ok(bytes),
                false => {
                    let found = bytes.len();
                    Err(Fault::new(format!(
                        "a block of {length} bytes, found {found}"
                    )))
                }
            }
        }
        WORDS => decode::unpack(input.0, length),
        form => Err(Fault::new(format!("a form of blocks, found {form}"))),
    }
}
