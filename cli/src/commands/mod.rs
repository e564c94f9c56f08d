//! The commands, one file each.

mod analyze;
mod cargo;
mod compile;
mod convert;
mod dump;
mod info;
mod pack;
mod record;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use hbtrace_traces::read;
use hbtrace_traces::trace::Trace;

use crate::arguments::{Command, Input};
use crate::exit_codes;
use crate::failure::Failure;
use crate::symbols;
use crate::terminal::Terminal;

/// Runs a command and gives its exit code.
pub(crate) fn run(command: &Command, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
    match command {
        Command::Analyze(arguments) => analyze::run(arguments, terminal),
        Command::Cc(tool) => compile::run(&compile::C, &tool.arguments, terminal),
        Command::Cxx(tool) => compile::run(&compile::CXX, &tool.arguments, terminal),
        Command::Cargo(tool) => cargo::run(&tool.arguments),
        Command::Record(arguments) => record::run(arguments, terminal),
        Command::Info(input) => info::run(input, terminal),
        Command::Dump(input) => dump::run(input, terminal),
        Command::Convert(arguments) => convert::run(arguments, terminal),
        Command::Symbolize(arguments) => convert::symbolize(arguments, terminal),
        Command::Pack(arguments) => pack::pack(arguments, terminal),
        Command::Unpack(arguments) => pack::unpack(arguments, terminal),
    }
}

/// Opens a trace that a command reads.
fn open(input: &Input) -> Result<Trace, Failure> {
    if input.trace == Path::new("-") {
        let reason = "a trace can't be read from standard input, as it is mapped into memory and \
                      walked more than once: write it to a file and name that";
        return Err(Failure::new(exit_codes::USAGE, reason));
    }
    let options = read::Options {
        lenient: input.lenient,
    };
    Ok(read::open_with(
        &input.trace,
        options,
        &mut symbols::resolve,
    )?)
}

/// Opens a trace, and fails if it holds no event.
fn open_filled(input: &Input) -> Result<Trace, Failure> {
    let trace = open(input)?;
    if trace.steps.is_empty() {
        let file = input.trace.display();
        let why = match trace.info.cut {
            true => ", as the file is cut before the first: copy it again, or record again",
            false => ": was anything recorded?",
        };
        let message = format!("{file}: the trace holds no event{why}");
        return Err(Failure::new(exit_codes::EMPTY, message));
    }
    Ok(trace)
}

/// Whether the two name one file, be it there or not. A file that is there may
/// have several names.
fn same_file(one: &Path, other: &Path) -> bool {
    let identity = |path: &Path| {
        let metadata = path.metadata().ok()?;
        Some((metadata.dev(), metadata.ino()))
    };
    if let (Some(one), Some(other)) = (identity(one), identity(other)) {
        return one == other;
    }
    let real = |path: &Path| real(path).unwrap_or_else(|| path.to_owned());
    real(one) == real(other)
}

/// The path without links and detours. What is not there has none itself, but
/// its directory may.
fn real(path: &Path) -> Option<PathBuf> {
    if let Ok(real) = path.canonicalize() {
        return Some(real);
    }
    let path = std::path::absolute(path).ok()?;
    let directory = path.parent()?.canonicalize().ok()?;
    Some(directory.join(path.file_name()?))
}

/// Tells what qualifies a trace.
fn warn(warnings: &[String], terminal: &mut Terminal<'_>) {
    for warning in warnings {
        terminal.say(&format!("warning: {warning}"));
    }
}
