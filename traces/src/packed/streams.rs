//! Compressed runs of bytes of one sort: zstd, or as they are where that is
//! shorter.

use zstd::bulk::{Compressor, Decompressor};

use super::Fault;

/// How hard zstd tries. Higher levels find little more in what the model left.
const LEVEL: i32 = 9;

/// A number in groups of seven bits, least first.
pub(super) fn put_number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Bytes that are taken from the front.
pub(super) struct Input<'a>(pub(super) &'a [u8]);

impl<'a> Input<'a> {
    pub(super) fn byte(&mut self) -> Result<u8, Fault> {
        let bytes = self.take(1)?;
        Ok(bytes.first().copied().unwrap_or_default())
    }

    pub(super) fn number(&mut self) -> Result<u64, Fault> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = u64::from(self.byte()?);
            number |= (byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Fault::new(
            "a number of at most 64 bits, found a longer one",
        ))
    }

    pub(super) fn take(&mut self, count: u64) -> Result<&'a [u8], Fault> {
        let split = usize::try_from(count)
            .ok()
            .and_then(|count| self.0.split_at_checked(count));
        let (bytes, rest) = split.ok_or_else(|| {
            let left = self.0.len();
            Fault::new(format!("{count} more bytes, found {left}"))
        })?;
        self.0 = rest;
        Ok(bytes)
    }
}

/// Compresses.
pub(super) struct Squeeze(Compressor<'static>);

impl Squeeze {
    pub(super) fn new() -> std::io::Result<Squeeze> {
        Ok(Squeeze(Compressor::new(LEVEL)?))
    }

    /// Appends `bytes`: their number, the number of bytes that they take here
    /// (the same if they are stored as they are), and those.
    pub(super) fn put(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> std::io::Result<()> {
        put_number(bytes.len() as u64, out);
        if bytes.is_empty() {
            return Ok(());
        }
        let packed = self.0.compress(bytes)?;
        let shorter = if packed.len() < bytes.len() {
            &packed
        } else {
            bytes
        };
        put_number(shorter.len() as u64, out);
        out.extend_from_slice(shorter);
        Ok(())
    }
}

/// Takes one run of at most `limit` bytes.
pub(super) fn take(
    input: &mut Input<'_>,
    limit: usize,
    zstd: &mut Decompressor<'_>,
) -> Result<Vec<u8>, Fault> {
    let length = input.number()?;
    if length == 0 {
        return Ok(Vec::new());
    }
    if length > limit as u64 {
        return Err(Fault::new(format!(
            "a run of at most {limit} bytes, found one of {length}"
        )));
    }
    let stored = input.number()?;
    let bytes = input.take(stored)?;
    if stored == length {
        return Ok(bytes.to_vec());
    }
    // At most the limit, which is a usize.
    let length = length as usize;
    let mut out = Vec::with_capacity(length);
    zstd.decompress_to_buffer(bytes, &mut out)
        .map_err(|error| Fault::new(format!("compressed bytes, found none ({error})")))?;
    if out.len() != length {
        let found = out.len();
        return Err(Fault::new(format!(
            "a run of {length} bytes, found {found}"
        )));
    }
    Ok(out)
}
