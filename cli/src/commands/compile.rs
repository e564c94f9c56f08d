//! `hbtrace cc` and `hbtrace c++`: a compiler, as `CC` and `CXX` may name it.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use tempfile::NamedTempFile;

use crate::build::compiler::{self, Asked, INSTRUMENT, Kept, SPECS};
use crate::build::library::{self, Form};
use crate::build::tool;
use crate::exit_codes;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// A language's compiler.
pub(super) struct Language {
    /// Names another compiler.
    variable: &'static str,
    default: &'static str,
}

pub(super) const C: Language = Language {
    variable: "HBTRACE_CC",
    default: "cc",
};

pub(super) const CXX: Language = Language {
    variable: "HBTRACE_CXX",
    default: "c++",
};

pub(super) fn run(
    language: &Language,
    arguments: &[OsString],
    terminal: &mut Terminal<'_>,
) -> Result<u8, Failure> {
    let driver = tool::named(language.variable, language.default);
    let asked = compiler::asked(arguments, &|path| fs::read_to_string(path).ok());
    if asked == Asked::StaticProgram {
        return Err(Failure::new(exit_codes::USAGE, STATIC));
    }
    let library = match asked {
        Asked::Program { .. } => Some(library::find(&[Form::Static, Form::Shared])?),
        _ => None,
    };
    let mixed = matches!(
        asked,
        Asked::Program { compiles: true } | Asked::Library { compiles: true }
    );
    // Kept until the compiler has ended.
    let specs = match mixed && !is_clang(&driver) {
        true => Some(specs()?),
        false => None,
    };
    let kept = specs.as_ref();
    let kept = kept.map_or(Kept::Xclang, |file| Kept::Specs(file.path()));
    let linked = library.as_ref().map(|(path, form)| (path.as_path(), *form));
    let mut command = tool::command(&driver);
    command
        .args(compiler::before(asked, &kept))
        .args(compiler::own(asked, arguments))
        .args(compiler::behind(asked, linked));
    let code = tool::run(&mut command, language.variable)?;
    if code != 0 && (asked == Asked::Compile || mixed) && !instruments(&driver) {
        terminal.say(&format!(
            "error: {} does not know {INSTRUMENT} for this machine: name gcc 7, clang 10 or later \
             in {}",
            driver[0].display(),
            language.variable
        ));
    }
    Ok(code)
}

const STATIC: &str = "a program that is linked with -static can't be recorded, as its pthread_* and \
                      other functions can't be stood in front of: link it without";

/// Whether the driver is clang's.
fn is_clang(driver: &[OsString]) -> bool {
    let mut command = tool::command(driver);
    command.args(["-dM", "-E", "-x", "c", "/dev/null"]);
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output();
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("__clang__"))
}

/// Whether the compiler can instrument at all.
fn instruments(driver: &[OsString]) -> bool {
    let mut command = tool::command(driver);
    command.args([INSTRUMENT, "-x", "c", "-c", "/dev/null", "-o", "/dev/null"]);
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null());
    let status = quiet.stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn specs() -> Result<NamedTempFile, Failure> {
    let failed = |error| Failure::unwritable(Path::new("a temporary file"), &error);
    let mut file = NamedTempFile::new().map_err(failed)?;
    file.write_all(SPECS.as_bytes()).map_err(failed)?;
    Ok(file)
}
