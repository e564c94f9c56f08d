//! Text traces: one event a line.

use std::path::Path;

use crate::error::Error;
use crate::read::Options;
use crate::trace::Trace;

/// Parses, numbers, checks and replays a text trace; `path` is for messages.
///
/// # Errors
/// With line and column, if a line is malformed or a step impossible.
pub fn parse(_path: &Path, _bytes: &[u8], _options: Options) -> Result<Trace, Error> {
    Err(Error::new(
        _path,
        crate::error::Place::File,
        crate::error::ErrorKind::Malformed,
        "no text parser yet",
    ))
}
