//! The program `hbtrace`: standard streams around [`hbtrace_cli::run_on`].

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use hbtrace_cli::Terminal;

fn main() -> ExitCode {
    let (out, err) = (io::stdout(), io::stderr());
    let mut terminal = Terminal {
        out_is_terminal: out.is_terminal(),
        err_is_terminal: err.is_terminal(),
        out: &mut out.lock(),
        err: &mut &err,
    };
    ExitCode::from(hbtrace_cli::run_on(std::env::args_os(), &mut terminal))
}
