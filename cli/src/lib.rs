//! The program `hbtrace` as a library that tests call in process.
//!
//! ```
//! let (mut out, mut err) = (Vec::new(), Vec::new());
//! let code = hbtrace_cli::run(["hbtrace", "analyze", "no-such.trace"], &mut out, &mut err);
//! assert_eq!(code, hbtrace_cli::exit_codes::NO_TRACE);
//! assert!(err.starts_with(b"error: no-such.trace: "));
//! ```

#![forbid(unsafe_code)]

mod arguments;
mod build;
mod commands;
mod failure;
mod output;
mod preload;
mod progress;
mod run;
mod symbols;
mod terminal;

pub mod exit_codes;

pub use run::{run, run_on};
pub use terminal::Terminal;
