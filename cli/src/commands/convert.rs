//! `hbtrace convert`: text from a trace, a trace from text; and
//! `hbtrace symbolize`: a trace again, with the names that opening it looked up.

use std::path::Path;

use hbtrace_traces::{text, write};

use super::same_file;
use crate::arguments::{Convert, Input, Symbolize};
use crate::exit_codes;
use crate::failure::Failure;
use crate::output;
use crate::terminal::Terminal;

/// What a file of this extension holds.
enum Form {
    Trace,
    Text,
}

impl Form {
    fn of(path: &Path) -> Option<Form> {
        match path.extension()?.to_str()? {
            "trace" => Some(Form::Trace),
            "std" | "txt" => Some(Form::Text),
            _ => None,
        }
    }
}

pub(super) fn run(arguments: &Convert, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
    let output = arguments.output.as_path();
    let usage = |message: String| Failure::new(exit_codes::USAGE, message);
    let form = Form::of(output).ok_or_else(|| {
        let output = output.display();
        usage(format!(
            "{output} does not say what to convert to: end its name in .trace, or in .std or \
             .txt for text"
        ))
    })?;
    write_to(&arguments.input, output, &form, terminal)
}

pub(super) fn symbolize(arguments: &Symbolize, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
    write_to(&arguments.input, &arguments.output, &Form::Trace, terminal)
}

fn write_to(
    input: &Input,
    output: &Path,
    form: &Form,
    terminal: &mut Terminal<'_>,
) -> Result<u8, Failure> {
    let usage = |message: String| Failure::new(exit_codes::USAGE, message);
    // The trace is still being read while its text is written.
    if same_file(output, &input.trace) {
        return Err(usage(format!(
            "{} is the input itself: choose another output",
            output.display()
        )));
    }
    let trace = super::open(input)?;
    super::warn(&trace.info.warnings, terminal);
    match form {
        Form::Trace => write::write(&trace, output).map_err(|error| usage(error.to_string()))?,
        Form::Text => output::to_file(output, |out| text::write(&trace, out))?,
    }
    trace.check_read()?;
    Ok(exit_codes::OK)
}
