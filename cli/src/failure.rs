//! Why a command failed, in one line, with its exit code.

use std::fmt;
use std::io;
use std::path::Path;

use crate::exit_codes;

/// A failed command.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    message: String,
}

impl Failure {
    pub(crate) fn new(code: u8, message: impl Into<String>) -> Failure {
        Failure {
            code,
            message: message.into(),
        }
    }

    /// Output that can't be written.
    pub(crate) fn unwritable(path: &Path, error: &io::Error) -> Failure {
        let message = format!("{} can't be written: {error}", path.display());
        Failure::new(exit_codes::USAGE, message)
    }
}

impl From<hbtrace_traces::error::Error> for Failure {
    fn from(error: hbtrace_traces::error::Error) -> Failure {
        let code = match error.is_unwritable() {
            true => exit_codes::USAGE,
            false => exit_codes::NO_TRACE,
        };
        Failure::new(code, error.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
