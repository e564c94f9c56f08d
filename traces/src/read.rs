//! Opening a trace, whatever its form.

use std::ops::Range;
use std::path::Path;

use crate::error::Error;
use crate::event::Access;
use crate::trace::Trace;

/// How to open a trace.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Go on after well-formedness errors, and count them as warnings.
    pub lenient: bool,
}

/// A thread's accesses in a mapped file.
#[derive(Debug)]
pub struct MappedAccesses {}

impl MappedAccesses {
    /// The position behind the last access.
    #[must_use]
    pub fn end(&self) -> u64 {
        0
    }

    /// Walks the accesses at word positions `range`.
    pub fn walk(&self, _range: Range<u64>, _visit: impl FnMut(u64, Access)) {}
}

/// Opens `path` (a `.trace` file or a text trace, told apart by content),
/// checks it and replays it.
///
/// # Errors
/// If it can't be read, is not a trace, is malformed, or can't be an execution.
pub fn open(path: &Path, options: Options) -> Result<Trace, Error> {
    let bytes = std::fs::read(path).map_err(|error| {
        Error::new(
            path,
            crate::error::Place::File,
            crate::error::ErrorKind::Unreadable,
            error.to_string(),
        )
    })?;
    crate::text::parse(path, &bytes, options)
}
