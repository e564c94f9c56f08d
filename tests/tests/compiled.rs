//! Compiles every program of these folders of `tests/programs`
//! as one that nobody wrote for the recorder, records it, and compares whether
//! the analysis finds races with what the program's name says. It needs a C
//! compiler that knows `-fsanitize=thread`, of which it links nothing, and skips
//! the C++ programs, aloud, where there is no C++ compiler.

// A test's own steps may fail it.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

use hbtrace_analyzer::{Options, analyze};
use hbtrace_traces::read;

const FOLDERS: [&str; 3] = ["annotations", "atomics", "memory"];

#[test]
fn every_compiled_program_gets_its_verdict() {
    let library = library();
    let directory = tempfile::tempdir().unwrap();
    let mut failures = Vec::new();
    let programs = programs();
    assert!(programs.len() > 10, "the list of programs is not whole");
    for source in &programs {
        if let Err(failure) = verdict(source, &library, directory.path()) {
            failures.push(format!("{}: {failure}", source.display()));
        }
    }
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

fn programs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs");
    let files = FOLDERS.iter().flat_map(|name| {
        let files = std::fs::read_dir(folder.join(name)).unwrap();
        files.map(|file| file.unwrap().path())
    });
    let mut files: Vec<PathBuf> = files.collect();
    if Command::new("c++").arg("--version").output().is_err() {
        // On the terminal, past what the harness captures.
        let _ = std::io::Write::write_all(
            &mut std::io::stderr(),
            b"skipped: the C++ programs, as no c++ is installed\n",
        );
        files.retain(|file| file.extension().is_none_or(|kind| kind != "cpp"));
    }
    files.sort();
    files
}

/// Builds the library and says where it is.
fn library() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--release", "-p", "hbtrace-rt"]);
    build.current_dir(env!("CARGO_MANIFEST_DIR"));
    assert!(build.status().unwrap().success(), "the library is built");
    // target/<profile>/deps/<this test>
    let target = std::env::current_exe().unwrap();
    let target = target.ancestors().nth(3).unwrap();
    target.join("release/libhbtrace_rt.a")
}

#[test]
fn what_a_thread_repeats_in_a_segment_is_recorded_once() {
    let directory = tempfile::tempdir().unwrap();
    let name = directory.path().join("repeats_no_race.c");
    let text = "volatile long word; int main(void) {\n\
                for (int i = 0; i < 100000; i++) word = i;\n\
                static int a; __atomic_store_n(&a, 1, __ATOMIC_RELEASE);\n\
                for (int i = 0; i < 100000; i++) word = i;\n\
                return 0; }\n";
    std::fs::write(&name, text).unwrap();
    verdict(&name, &library(), directory.path()).unwrap();
    let trace = read::open(&name.with_extension("trace"), read::Options::default()).unwrap();
    let accesses: u64 = trace
        .streams
        .iter()
        .map(|stream| stream.accesses.count())
        .sum();
    // One for each loop, and what comes with chunks.
    assert!((2..20).contains(&accesses), "{accesses} accesses");
}

fn verdict(source: &Path, library: &Path, directory: &Path) -> Result<(), String> {
    let name = source.file_stem().unwrap().to_str().unwrap();
    let program = directory.join(name);
    let object = program.with_extension("o");
    let trace = program.with_extension("trace");
    let compiler = match source.extension().unwrap().to_str() {
        Some("cpp") => "c++",
        _ => "cc",
    };
    let mut compile = Command::new(compiler);
    compile.args(["-O1", "-g", "-mcx16", "-fsanitize=thread", "-c", "-o"]);
    run(compile.arg(&object).arg(source))?;
    let mut link = Command::new(compiler);
    link.arg("-o").arg(&program).arg(&object).arg(library);
    run(link.args(["-pthread", "-lm", "-ldl"]))?;
    run(Command::new("timeout")
        .arg("60")
        .arg(&program)
        .env("HBTRACE_OUT", &trace))?;
    let trace = read::open(&trace, read::Options::default()).map_err(|error| error.to_string())?;
    if !trace.info.complete || trace.info.lost_events > 0 {
        return Err("the recording is not whole".to_owned());
    }
    let races = analyze(&trace, &Options::default()).races.len();
    if name.ends_with("_no_race") != (races == 0) {
        return Err(format!("{races} races were found"));
    }
    Ok(())
}

fn run(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|error| error.to_string())?;
    status
        .success()
        .then_some(())
        .ok_or_else(|| format!("{command:?}: {status}"))
}
