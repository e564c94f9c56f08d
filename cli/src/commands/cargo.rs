//! `hbtrace cargo`: cargo, with flags that make rustc instrument.

use std::ffi::OsString;

use crate::build::library::{self, Form};
use crate::build::{cargo, tool};
use crate::failure::Failure;

/// Names another cargo.
const VARIABLE: &str = "HBTRACE_CARGO";

pub(super) fn run(arguments: &[OsString]) -> Result<u8, Failure> {
    let driver = tool::named(VARIABLE, "cargo");
    let mut command = tool::command(&driver);
    if !cargo::builds(arguments) {
        return tool::run(command.args(arguments), VARIABLE);
    }
    let (library, _) = library::find(&[Form::Shared])?;
    let target = match cargo::has_target(arguments) {
        true => None,
        false => Some(cargo::host()?),
    };
    command.args(cargo::with_target(arguments, target.as_deref()));
    for (variable, value) in cargo::environment(&library) {
        command.env(variable, value);
    }
    tool::run(&mut command, VARIABLE)
}
