//! Exit codes. A script may rely on them.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// `analyze`: no finding that `--fail-on` names. Other commands: done.
pub const OK: u8 = 0;

/// `analyze`: findings that `--fail-on` names.
pub const FINDINGS: u8 = 1;

/// Wrong usage (`record`: what `HBTRACE_*` in the environment says as well), or
/// output that can't be written where it should go.
pub const USAGE: u8 = 2;

/// The trace is not there, is no trace, is cut within its header, or can't be
/// an execution.
pub const NO_TRACE: u8 = 3;

/// The trace holds no event. That counts more than [`INCOMPLETE`]: there is
/// nothing to report on.
pub const EMPTY: u8 = 4;

/// The trace holds events but is incomplete, and `--strict` was given. The
/// report is written.
pub const INCOMPLETE: u8 = 5;

/// `record`: it failed itself, before the program ran.
pub const RECORD_FAILED: u8 = 125;

/// `record`: the program was found and can't be executed.
pub const NOT_EXECUTABLE: u8 = 126;

/// `record`: the program was not found.
pub const NOT_FOUND: u8 = 127;

/// `record`: added to the number of the signal that ended the program.
pub const SIGNALLED: u8 = 128;

/// The code that says how a program ended, as shells tell it.
pub(crate) fn of(status: ExitStatus) -> Option<u8> {
    let signalled = || Some(i32::from(SIGNALLED) + status.signal()?);
    let code = status.code().or_else(signalled);
    code.and_then(|code| u8::try_from(code).ok())
}
