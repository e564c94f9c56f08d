//! What cargo is told, so that a Rust program records: flags for a plain stable
//! rustc.
//!
//! They are to reach the program and its dependencies and neither build scripts
//! nor procedural macros, so a target is always named. The standard library comes
//! compiled and is not instrumented.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use crate::exit_codes;
use crate::failure::Failure;

/// Commands of cargo that compile for a target.
const BUILDING: &[&str] = &[
    "build", "b", "run", "r", "test", "t", "bench", "rustc", "install",
];

/// Separates flags in `CARGO_ENCODED_RUSTFLAGS`.
const SEPARATOR: &str = "\x1f";

/// Options of cargo's own, before the command, whose value is an argument of its
/// own.
const WITH_VALUE: &[&str] = &["--config", "--color", "-C", "-Z"];

/// Where the command stands: behind the toolchain and options of cargo's own.
fn command_at(arguments: &[OsString]) -> Option<usize> {
    let mut at = 0;
    loop {
        let text = arguments.get(at)?.to_string_lossy();
        at += match text.starts_with(['-', '+']) {
            true => 1 + usize::from(WITH_VALUE.contains(&&*text)),
            false => return Some(at),
        };
    }
}

/// Whether code is compiled.
pub(crate) fn builds(arguments: &[OsString]) -> bool {
    let command = command_at(arguments).and_then(|at| arguments[at].to_str());
    command.is_some_and(|command| BUILDING.contains(&command))
}

/// Whether a target is named already.
pub(crate) fn has_target(arguments: &[OsString]) -> bool {
    let own = arguments.iter().take_while(|argument| *argument != "--");
    let mut own = own.map(|argument| argument.to_string_lossy());
    own.any(|argument| argument == "--target" || argument.starts_with("--target="))
        || env::var_os("CARGO_BUILD_TARGET").is_some()
}

/// The arguments, with this target.
pub(crate) fn with_target(arguments: &[OsString], target: Option<&str>) -> Vec<OsString> {
    let mut arguments = arguments.to_vec();
    if let (Some(at), Some(target)) = (command_at(&arguments), target) {
        let named = ["--target".into(), target.into()];
        arguments.splice(at + 1..at + 1, named);
    }
    arguments
}

/// The machine that rustc compiles for if nothing is said.
pub(crate) fn host() -> Result<String, Failure> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(&rustc).arg("-vV").output();
    let told = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let told = told.unwrap_or_default();
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| {
        let message = format!(
            "`{} -vV` does not tell the host: name a target with --target",
            rustc.display()
        );
        Failure::new(exit_codes::NOT_FOUND, message)
    })
}

/// Variables for cargo: the flags, and line tables in what is optimised.
pub(crate) fn environment(library: &Path) -> Vec<(&'static str, OsString)> {
    let mut variables = vec![("CARGO_ENCODED_RUSTFLAGS", flags(library))];
    let unsaid = [
        ("CARGO_PROFILE_RELEASE_DEBUG", "line-tables-only"),
        ("CARGO_PROFILE_RELEASE_STRIP", "none"),
    ];
    for (variable, value) in unsaid {
        if env::var_os(variable).is_none() {
            variables.push((variable, value.into()));
        }
    }
    variables
}

/// The caller's flags and ours.
fn flags(library: &Path) -> OsString {
    let encoded = env::var("CARGO_ENCODED_RUSTFLAGS").ok();
    let plain = || {
        let flags = env::var("RUSTFLAGS").unwrap_or_default();
        let flags: Vec<_> = flags.split_whitespace().collect();
        flags.join(SEPARATOR)
    };
    let mut flags = OsString::from(encoded.unwrap_or_else(plain));
    let mut add = |parts: &[&std::ffi::OsStr]| {
        if !flags.is_empty() {
            flags.push(SEPARATOR);
        }
        parts.iter().for_each(|part| flags.push(part));
    };
    let directory = library.parent().unwrap_or(library);
    add(&["-Cllvm-args=-force-attribute=sanitize_thread".as_ref()]);
    add(&["-Cpasses=forceattrs,tsan-module,function(tsan)".as_ref()]);
    // As a library of the crate's own it comes before libc, in front of which it
    // has to be; other arguments come behind.
    add(&["-Lnative=".as_ref(), directory.as_os_str()]);
    add(&["-ldylib=hbtrace_rt".as_ref()]);
    add(&["-Clink-arg=-Wl,-rpath,".as_ref(), directory.as_os_str()]);
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn a_target_is_named_behind_the_command() {
        let with = |line| with_target(&words(line), Some("T"));
        assert_eq!(with("build --release"), words("build --target T --release"));
        assert_eq!(
            with("+1.95 -v run -- --x"),
            words("+1.95 -v run --target T -- --x")
        );
        assert!(has_target(&words("build --target=x")));
        assert!(!has_target(&words("run -- --target x")));
    }

    #[test]
    fn only_what_compiles_is_changed() {
        assert!(builds(&words("-q test")));
        assert!(builds(&words("--config a=1 --color=never -Z x b")));
        assert!(!builds(&words("--config build")));
        assert!(!builds(&words("metadata")));
        assert!(!builds(&words("--version")));
    }
}
