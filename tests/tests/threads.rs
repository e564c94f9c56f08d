//! Compiles every program of `tests/threads` for thread sanitizing, links it
//! with the runtime, records it, and compares the lines of the races that the
//! analysis finds with those that the program's source marks: none, and with
//! `RACE` defined all.
//!
//! Without a C compiler it fails and says so; without one of C++ it skips those
//! programs, aloud.

// A test's own steps may fail it.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use hbtrace_cli::exit_codes;
use hbtrace_traces::read;

/// No program takes a second; one that takes this long hangs.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn every_program_gets_its_verdict() {
    let house = House::new();
    let programs = programs();
    assert!(programs.len() > 40, "the corpus is not whole");
    let left = Mutex::new(programs);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(source) = next(&left) {
                    for race in [false, true] {
                        if let Err(error) = house.verdict(&source, race) {
                            let name = source.file_name().unwrap().display();
                            let error = format!("{name}, RACE {race}: {error}");
                            failures.lock().unwrap().push(error);
                        }
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

#[test]
fn threads_have_the_names_that_they_were_given() {
    let house = House::new();
    let source = sources().join("thread_setname.c");
    let trace = house.record(&source, true).unwrap();
    let trace = read::open(&trace, read::Options::default()).unwrap();
    let names: Vec<_> = trace.threads.iter().map(|thread| &*thread.name).collect();
    assert!(
        names.contains(&"painter") && names.contains(&"sculptor"),
        "{names:?}"
    );
}

fn next(left: &Mutex<Vec<PathBuf>>) -> Option<PathBuf> {
    left.lock().unwrap().pop()
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("threads")
}

fn programs() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(sources()).unwrap();
    let mut programs: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
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
struct House {
    directory: tempfile::TempDir,
    library: PathBuf,
}

impl House {
    fn new() -> House {
        assert!(
            is_there("cc"),
            "there is no `cc`: this test needs gcc or clang"
        );
        House {
            directory: tempfile::tempdir().unwrap(),
            library: library(),
        }
    }

    /// What is wrong with the verdict about a program.
    fn verdict(&self, source: &Path, race: bool) -> Result<(), String> {
        let expected = if race {
            marked(source)
        } else {
            BTreeSet::new()
        };
        let trace = self.record(source, race)?;
        let (found, code) = analyzed(source, &trace);
        let right = match race {
            true => exit_codes::FINDINGS,
            false => exit_codes::OK,
        };
        if found != expected || code != right {
            let told = format!("expected races at {expected:?}, found {found:?}");
            return Err(format!("{told}, exit code {code}"));
        }
        Ok(())
    }

    /// Compiles a program and records it.
    fn record(&self, source: &Path, race: bool) -> Result<PathBuf, String> {
        let stem = source.file_stem().unwrap().to_string_lossy();
        let stem = format!("{stem}{}", if race { "_race" } else { "_no_race" });
        let [object, program, trace] =
            ["o", "exe", "trace"].map(|end| self.directory.path().join(format!("{stem}.{end}")));
        let compiler = match source.extension() {
            Some(end) if end == "cpp" => "c++",
            _ => "cc",
        };
        let mut compile = Command::new(compiler);
        compile.args(["-O2", "-g", "-w", "-fsanitize=thread", "-c"]);
        compile.args(race.then_some("-DRACE"));
        run(compile.arg(source).arg("-o").arg(&object))?;
        let mut link = Command::new(compiler);
        link.arg(&object).arg("-o").arg(&program).arg(&self.library);
        run(link.args(["-pthread", "-lm", "-ldl"]))?;
        run(Command::new(&program).env("HBTRACE_OUT", &trace))?;
        Ok(trace)
    }
}

/// The runtime, built as a program's owner builds it.
fn library() -> PathBuf {
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--release", "--quiet", "-p", "hbtrace-rt"]);
    build.current_dir(env!("CARGO_MANIFEST_DIR"));
    let own = std::env::current_exe().unwrap();
    let target = own.ancestors().nth(3).unwrap();
    build.arg("--target-dir").arg(target);
    assert!(build.status().unwrap().success(), "{build:?} failed");
    target.join("release").join("libhbtrace_rt.a")
}

/// Runs a command to its successful end.
fn run(command: &mut Command) -> Result<(), String> {
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let begun = Instant::now();
    loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(format!("{command:?}: {status}")),
            None if begun.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(5)),
            None => {
                let killed = child.kill();
                return Err(format!("{command:?} hangs (killed: {killed:?})"));
            }
        }
    }
}

/// Lines that a source marks.
fn marked(source: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(source).unwrap();
    let lines = text.lines().enumerate();
    let marked = lines.filter(|(_, line)| line.ends_with("//~ race"));
    marked.map(|(index, _)| (index + 1).to_string()).collect()
}

/// Lines of the races that `hbtrace analyze` finds, and its exit code.
fn analyzed(source: &Path, trace: &Path) -> (BTreeSet<String>, u8) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let arguments = ["hbtrace", "analyze", "--format", "json"].map(OsStr::new);
    let arguments = arguments.into_iter().chain([trace.as_os_str()]);
    let code = hbtrace_cli::run(arguments.map(OsStr::to_owned), &mut out, &mut err);
    let report: serde_json::Value = serde_json::from_slice(&out).unwrap();
    let races = report["races"].as_array().unwrap();
    let sides = races
        .iter()
        .flat_map(|race| [&race["first"]["site"], &race["second"]["site"]]);
    let name = source.file_name().unwrap().to_str().unwrap();
    let lines = sides.map(|site| {
        let site = site.as_str().unwrap();
        let place = site.rsplit('/').next().unwrap().strip_prefix(name);
        let line = place.and_then(|place| place.split(':').nth(1));
        line.unwrap_or(site).to_owned()
    });
    (lines.collect(), code)
}
