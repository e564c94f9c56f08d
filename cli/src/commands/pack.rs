//! `hbtrace pack` and `hbtrace unpack`.

use std::ffi::OsStr;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;

use hbtrace_analyzer::report::grouped;
use hbtrace_traces::pack::{self, Sizes};

use super::same_file;
use crate::arguments::{Pack, Unpack};
use crate::exit_codes;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// What the name of a packed trace ends in, if nothing else is asked for. It is
/// a trace still.
const PACKED: &str = ".packed.trace";
const PLAIN: &str = ".trace";

pub(super) fn pack(arguments: &Pack, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
    let trace = arguments.trace.as_path();
    let output = match &arguments.output {
        Some(output) => output.clone(),
        None => renamed(trace, PLAIN, PACKED),
    };
    free(&output, trace, arguments.force)?;
    let jobs = arguments.jobs.map(usize::from);
    let jobs = jobs.or_else(|| thread::available_parallelism().ok().map(NonZero::get));
    let sizes = pack::pack(trace, &output, jobs.unwrap_or(1))?;
    told(&output, sizes, terminal);
    Ok(exit_codes::OK)
}

pub(super) fn unpack(arguments: &Unpack, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
    let trace = arguments.trace.as_path();
    let output = match &arguments.output {
        Some(output) => output.clone(),
        None => renamed(trace, PACKED, PLAIN),
    };
    free(&output, trace, arguments.force)?;
    let sizes = pack::unpack(trace, &output)?;
    told(&output, sizes, terminal);
    Ok(exit_codes::OK)
}

/// The path with another ending; where it has not the expected one, with both.
fn renamed(path: &Path, ending: &str, other: &str) -> PathBuf {
    let name = path.file_name().unwrap_or(OsStr::new("trace"));
    let name = name.to_string_lossy();
    let stem = name.strip_suffix(ending).unwrap_or(&name);
    path.with_file_name(format!("{stem}{other}"))
}

/// Refuses to write over the input, or over what is there.
fn free(output: &Path, input: &Path, force: bool) -> Result<(), Failure> {
    let path = output.display();
    let refuse = |message| Err(Failure::new(exit_codes::USAGE, message));
    if same_file(output, input) {
        return refuse(format!(
            "{path} is the input itself: choose another output with -o"
        ));
    }
    if !force && output.symlink_metadata().is_ok() {
        return refuse(format!(
            "{path} is there already: choose another output with -o, or write over it with --force"
        ));
    }
    Ok(())
}

fn told(output: &Path, sizes: Sizes, terminal: &mut Terminal<'_>) {
    let share = sizes.packed as f64 / sizes.trace.max(1) as f64 * 100.0;
    terminal.say(&format!(
        "wrote {}: {} bytes unpacked, {} packed ({share:.1} %)",
        output.display(),
        grouped(sizes.trace),
        grouped(sizes.packed)
    ));
}
