//! Writes the trace that a packed file holds.

use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use super::Sizes;
use super::draft::{Draft, unwritable};
use crate::error::{Error, ErrorKind, Place};
use crate::format::layout::{flags, header};
use crate::mapped::{self, Mapping};
use crate::read::header::Header;

/// Bytes that are written at a time.
const PIECE: u64 = 256 * 1024;

/// Unpacks the trace at `path` into a file at `target`, in place of what is
/// there: the very bytes that were packed.
///
/// # Errors
/// If `path` is no packed trace, or a damaged one; if `target` can't be
/// written.
pub fn unpack(path: &Path, target: &Path) -> Result<Sizes, Error> {
    let file = mapped::map(path)?;
    let head = Header::parse(path, file.bytes())?;
    if !head.is_packed() {
        let message = "is not packed; it can be read as it is";
        return Err(Error::new(path, Place::File, ErrorKind::NotATrace, message));
    }
    let mut page = file.slice(0..head.size).to_vec();
    let bits = &mut page[header::FLAGS..header::FLAGS + 4];
    let packed = flags::PACKED.to_le_bytes();
    bits.iter_mut()
        .zip(packed)
        .for_each(|(bit, packed)| *bit &= !packed);
    let mapping = Mapping::packed(path, file, head.size)?;
    let sizes = Sizes {
        trace: mapping.len(),
        packed: mapping.packed_len().unwrap_or_default(),
    };
    let draft = Draft::beside(target).map_err(|error| unwritable(target, &error))?;
    write(&mapping, &page, &draft).map_err(|error| unwritable(target, &error))?;
    mapping.check(path)?;
    draft
        .keep(target)
        .map_err(|error| unwritable(target, &error))?;
    Ok(sizes)
}

/// Writes all bytes but zeros that lie nowhere, which become holes.
fn write(mapping: &Mapping, page: &[u8], draft: &Draft) -> io::Result<()> {
    let mut file = &draft.file;
    file.set_len(mapping.len())?;
    file.write_all(page)?;
    let mut at = mapping.skip_zeros(page.len() as u64);
    while at < mapping.len() {
        let end = mapping.run_end(at, PIECE);
        file.seek(SeekFrom::Start(at))?;
        file.write_all(&mapping.bytes(at..end))?;
        at = mapping.skip_zeros(end);
    }
    Ok(())
}
