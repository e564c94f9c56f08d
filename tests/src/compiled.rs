//! Programs that nobody wrote for the recorder: compiled for thread sanitizing,
//! linked with the runtime, and recorded.
//!
//! Without a C compiler that fails and says so; without one of C++ its programs
//! are skipped, aloud.

// A test's own steps may fail it.
#![allow(clippy::unwrap_used)]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Seconds: no step takes one or two; one that takes this long hangs.
const PATIENCE: &str = "60";

/// The programs in these folders of this crate, sorted.
///
/// # Panics
/// A folder can't be read.
#[must_use]
pub fn programs(folders: &[&str]) -> Vec<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = folders.iter().flat_map(|folder| {
        let files = std::fs::read_dir(own.join(folder)).unwrap();
        files.map(|file| file.unwrap().path())
    });
    let mut programs: Vec<PathBuf> = files.collect();
    programs.retain(|path| path.extension() != Some(OsStr::new("h")));
    if !is_there("c++") {
        // On the terminal, past what the harness captures.
        let told = b"skipped: the C++ programs, as no c++ is installed\n";
        let _ = std::io::Write::write_all(&mut std::io::stderr(), told);
        programs.retain(|path| path.extension() != Some(OsStr::new("cpp")));
    }
    programs.sort();
    programs
}

fn is_there(compiler: &str) -> bool {
    let mut command = Command::new(compiler);
    let status = command.arg("--version").stdout(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Where programs are made.
pub struct House {
    directory: tempfile::TempDir,
    library: PathBuf,
}

impl House {
    /// Builds the runtime.
    ///
    /// # Panics
    /// That fails, or there is no C compiler.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it builds the runtime")]
    pub fn new() -> House {
        assert!(
            is_there("cc"),
            "there is no `cc`: this test needs gcc or clang"
        );
        House {
            directory: tempfile::tempdir().unwrap(),
            library: library(),
        }
    }

    /// A folder that is there as long as the house.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Compiles a program with these flags, and records it under a name of its
    /// own: the trace, or which step failed.
    ///
    /// # Errors
    /// A step failed, or hung.
    pub fn record(&self, source: &Path, name: &str, flags: &[&str]) -> Result<PathBuf, String> {
        let [object, program, trace] =
            ["o", "exe", "trace"].map(|end| self.directory().join(format!("{name}.{end}")));
        let compiler = match source.extension() {
            Some(end) if end == "cpp" => "c++",
            _ => "cc",
        };
        let mut compile = patiently(compiler);
        compile.args(["-g", "-fsanitize=thread", "-c"]).args(flags);
        run(compile.arg(source).arg("-o").arg(&object))?;
        let mut link = patiently(compiler);
        link.arg(&object).arg("-o").arg(&program).arg(&self.library);
        run(link.args(["-pthread", "-lm", "-ldl"]))?;
        run(patiently(&program).env("HBTRACE_OUT", &trace))?;
        Ok(trace)
    }
}

/// The runtime, built as a program's owner builds it.
fn library() -> PathBuf {
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--release", "--quiet", "-p", "hbtrace-rt"]);
    build.current_dir(env!("CARGO_MANIFEST_DIR"));
    // target/<profile>/deps/<the test>
    let own = std::env::current_exe().unwrap();
    let target = own.ancestors().nth(3).unwrap();
    build.arg("--target-dir").arg(target);
    assert!(build.status().unwrap().success(), "{build:?} failed");
    target.join("release").join("libhbtrace_rt.a")
}

/// A command that is killed if it hangs.
fn patiently(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--signal=KILL", PATIENCE]).arg(program);
    command
}

/// Runs a command to its successful end.
fn run(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|error| error.to_string())?;
    let failed = || format!("{command:?}: {status}");
    status.success().then_some(()).ok_or_else(failed)
}
