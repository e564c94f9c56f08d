//! Writing reports to files and to stdout.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::failure::Failure;
use crate::terminal::Terminal;

/// Takes "the reader has gone" for success: `hbtrace dump x | head` is done
/// when `head` is.
pub(crate) fn unless_closed(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes to stdout, buffered.
pub(crate) fn to_stdout(
    terminal: &mut Terminal<'_>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let mut out = BufWriter::new(&mut *terminal.out);
    let written = write(&mut out).and_then(|()| out.flush());
    // What could not be written is not tried again when the buffer goes.
    let _ = out.into_parts();
    unless_closed(written).map_err(|error| Failure::unwritable("standard output".as_ref(), &error))
}

/// Writes a file, buffered.
pub(crate) fn to_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let written = File::create(path).map(BufWriter::new).and_then(|mut out| {
        write(&mut out)?;
        out.flush()
    });
    written.map_err(|error| Failure::unwritable(path, &error))
}
