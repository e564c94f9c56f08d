//! The streams that a run of the program writes to.

use std::io::Write;

use clap::ColorChoice;

/// The streams of a run.
pub struct Terminal<'a> {
    /// Data.
    pub out: &'a mut dyn Write,
    /// Progress, warnings and errors.
    pub err: &'a mut dyn Write,
    /// Whether a person reads `out` as it is written.
    pub out_is_terminal: bool,
    /// Whether a person reads `err` as it is written.
    pub err_is_terminal: bool,
}

impl Terminal<'_> {
    /// A line to stderr. Where nobody can be told, nobody is.
    pub(crate) fn say(&mut self, line: &str) {
        let _ = writeln!(self.err, "{line}");
    }

    /// Whether to colour what goes to `out`.
    pub(crate) fn colors(&self, choice: ColorChoice) -> bool {
        match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => self.out_is_terminal && !no_color(),
        }
    }
}

/// <https://no-color.org>: set, and not to the empty string.
pub(crate) fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}
