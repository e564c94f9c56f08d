//! What is wrong with a line, before the file's name is known.

use std::path::Path;

use crate::error::{Error, ErrorKind, Place};

/// A fault of a line. Columns are counted in characters when it is shown.
#[derive(Debug, PartialEq)]
pub(super) struct Fault {
    /// Offset in the line.
    pub(super) at: usize,
    /// It is well formed but can't be an execution.
    pub(super) impossible: bool,
    /// What was found, what was expected, what to do.
    pub(super) message: String,
}

impl Fault {
    /// A line that can't be read.
    pub(super) fn malformed(at: usize, message: impl Into<String>) -> Fault {
        Fault {
            at,
            impossible: false,
            message: message.into(),
        }
    }

    /// A step that can't happen here. Its place is its operation's.
    pub(super) fn impossible(message: impl Into<String>) -> Fault {
        Fault {
            at: 0,
            impossible: true,
            message: message.into(),
        }
    }

    /// The error, `bytes` being the whole text and `line` counted from 1.
    pub(super) fn into_error(self, path: &Path, bytes: &[u8], line: u64) -> Error {
        let text = line_of(bytes, line);
        let at = if self.impossible {
            operation_at(text)
        } else {
            self.at
        };
        let before = text.get(..at).unwrap_or(text);
        let column = String::from_utf8_lossy(before).chars().count() as u64 + 1;
        let kind = if self.impossible {
            ErrorKind::Impossible
        } else {
            ErrorKind::Malformed
        };
        Error::new(path, Place::LineColumn(line, column), kind, self.message)
    }
}

fn line_of(bytes: &[u8], line: u64) -> &[u8] {
    let index = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
    bytes
        .split(|byte| *byte == b'\n')
        .nth(index)
        .unwrap_or_default()
}

fn operation_at(line: &[u8]) -> usize {
    let bar = line.iter().position(|byte| *byte == b'|');
    let after = bar.map_or(0, |at| at + 1);
    let blanks = line[after..]
        .iter()
        .take_while(|byte| byte.is_ascii_whitespace());
    after + blanks.count()
}
