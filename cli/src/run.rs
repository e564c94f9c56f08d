//! One run of the program, from its arguments to its exit code.

use std::ffi::OsString;
use std::io::Write;

use clap::Parser;

use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::terminal::{Terminal, no_color};
use crate::{commands, exit_codes, output};

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
    match output::unless_closed(written.and_then(|()| terminal.out.flush())) {
        Ok(()) => exit_codes::OK,
        Err(error) => {
            let failure = Failure::unwritable("standard output".as_ref(), &error);
            terminal.say(&format!("error: {failure}"));
            failure.code
        }
    }
}
