//! Other people's programs, run as if nobody stood in between.

use std::ffi::OsString;
use std::io;
use std::process::Command;

use crate::exit_codes;
use crate::failure::Failure;

/// A program and the arguments that come first, as `CC` and the like name it:
/// separated by blanks.
pub(crate) fn named(variable: &str, default: &str) -> Vec<OsString> {
    let value = std::env::var_os(variable).unwrap_or_default();
    let words: Vec<OsString> = match value.to_str() {
        Some(text) => text.split_whitespace().map(OsString::from).collect(),
        None => vec![value],
    };
    match words.is_empty() {
        true => vec![default.into()],
        false => words,
    }
}

/// A command that runs the tool.
pub(crate) fn command(tool: &[OsString]) -> Command {
    let (program, first) = match tool.split_first() {
        Some((program, first)) => (program.as_os_str(), first),
        None => ("cc".as_ref(), tool),
    };
    let mut command = Command::new(program);
    command.args(first);
    command
}

/// Runs it to its end and gives its exit code.
pub(crate) fn run(command: &mut Command, variable: &str) -> Result<u8, Failure> {
    let status = command.status();
    let status = status.map_err(|error| {
        let code = match error.kind() {
            io::ErrorKind::NotFound => exit_codes::NOT_FOUND,
            _ => exit_codes::NOT_EXECUTABLE,
        };
        let program = command.get_program().display();
        let message = format!("{program} can't be run: {error}; {variable} names another");
        Failure::new(code, message)
    })?;
    Ok(exit_codes::of(status).unwrap_or(1))
}
