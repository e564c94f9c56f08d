//! Where a run of the program reads its arguments from and writes to.

use std::ffi::OsString;
use std::io::Write;

use clap::{ColorChoice, Parser};

use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::{commands, exit_codes};

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
fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Runs the program with streams that are no terminal; `args` starts with the
/// program's name. Gives the exit code, one of [`exit_codes`] or the recorded
/// program's.
pub fn run<I>(args: I, out: &mut dyn Write, err: &mut dyn Write) -> u8
where
    I: IntoIterator<Item: Into<OsString> + Clone>,
{
    let mut terminal = Terminal {
        out,
        err,
        out_is_terminal: false,
        err_is_terminal: false,
    };
    run_on(args, &mut terminal)
}

/// Like [`run`], on a terminal.
pub fn run_on<I>(args: I, terminal: &mut Terminal<'_>) -> u8
where
    I: IntoIterator<Item: Into<OsString> + Clone>,
{
    let arguments = match Arguments::try_parse_from(args) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error, terminal),
    };
    match commands::run(&arguments.command, terminal) {
        Ok(code) => code,
        Err(failure) => {
            terminal.say(&format!("error: {failure}"));
            failure.code
        }
    }
}

/// Help and version go to stdout and are no failure; the rest is.
fn usage(error: &clap::Error, terminal: &mut Terminal<'_>) -> u8 {
    let is_failure = error.use_stderr();
    let is_terminal = if is_failure {
        terminal.err_is_terminal
    } else {
        terminal.out_is_terminal
    };
    let text = error.render();
    let text = if is_terminal && !no_color() {
        text.ansi().to_string()
    } else {
        text.to_string()
    };
    if is_failure {
        let _ = terminal.err.write_all(text.as_bytes());
        return exit_codes::USAGE;
    }
    let written = terminal.out.write_all(text.as_bytes());
    match crate::output::unless_closed(written.and_then(|()| terminal.out.flush())) {
        Ok(()) => exit_codes::OK,
        Err(error) => {
            let failure = Failure::unwritable("standard output".as_ref(), &error);
            terminal.say(&format!("error: {failure}"));
            failure.code
        }
    }
}
