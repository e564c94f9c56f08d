//! `hbtrace dump`.

use hbtrace_traces::text;

use crate::arguments::Input;
use crate::exit_codes;
use crate::failure::Failure;
use crate::output;
use crate::terminal::Terminal;

pub(super) fn run(input: &Input, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
    let trace = super::open(input)?;
    super::warn(&trace.info.warnings, terminal);
    output::to_stdout(terminal, |out| text::write(&trace, out))?;
    trace.check_read()?;
    Ok(exit_codes::OK)
}
