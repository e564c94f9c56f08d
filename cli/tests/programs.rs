//! Programs that nobody edited: built by `hbtrace cc` and the like, recorded,
//! and told by functions and lines.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// Two threads that race, in a function that is inlined.
const RACE: &str = "\
#include <pthread.h>
static int racy;
static inline __attribute__((always_inline)) void bump(int *p)
{
    *p += 1;
}
static void *work(void *p) { bump(&racy); return p; }
int main(void)
{
    pthread_t a, b;
    pthread_create(&a, 0, work, 0);
    pthread_create(&b, 0, work, 0);
    pthread_join(a, 0);
    pthread_join(b, 0);
    return racy > 2;
}
";

/// Where cargo put the library that these tests depend on.
fn library(ending: &str) -> PathBuf {
    let deps = Path::new(env!("CARGO_BIN_EXE_hbtrace")).with_file_name("deps");
    let file = deps.join(format!("libhbtrace_rt.{ending}"));
    assert!(file.is_file(), "{}", file.display());
    file
}

struct Project(TempDir);

impl Project {
    fn new(files: &[(&str, &str)]) -> Project {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Project(folder)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.0.path());
        for variable in ["HBTRACE_CC", "HBTRACE_CXX", "HBTRACE_OUT", "LD_PRELOAD"] {
            command.env_remove(variable);
        }
        command.env("HBTRACE_RT", library("a"));
        command
    }

    /// Runs `hbtrace` with arguments separated by blanks.
    fn run(&self, arguments: &str) -> Output {
        let mut command = self.command(env!("CARGO_BIN_EXE_hbtrace"));
        command.args(arguments.split(' ')).output().unwrap()
    }

    fn succeeds(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn records(&self, program: &str, trace: &str) {
        let mut command = self.command(program);
        let status = command
            .env("HBTRACE_OUT", self.0.path().join(trace))
            .status();
        assert!(status.unwrap().success());
    }

    /// The report, and what was told beside it.
    fn analysed(&self, trace: &str) -> (String, String) {
        let output = self.run(&format!("analyze {trace} --fail-on none"));
        assert!(output.status.success(), "{output:?}");
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (text(output.stdout), text(output.stderr))
    }
}

#[test]
fn a_race_is_told_by_functions_and_lines() {
    let project = Project::new(&[("a.c", RACE)]);
    project.succeeds("cc -O2 a.c -o a -pthread");
    project.records("./a", "a.trace");
    let (report, warnings) = project.analysed("a.trace");
    assert!(report.contains("--> a.c:5:"), "{report}");
    assert!(report.contains(", in `bump`"), "{report}");
    assert!(report.contains("called from: work at a.c:7:"), "{report}");
    assert!(
        !report.contains("+0x") && warnings.is_empty(),
        "{report}{warnings}"
    );
    let json = project.run("analyze a.trace --format json");
    let json = String::from_utf8(json.stdout).unwrap();
    assert!(json.contains(r#""function": "bump""#), "{json}");
    assert!(json.contains(r#""work at a.c:7:"#), "{json}");
}

#[test]
fn a_symbolized_trace_needs_no_program() {
    let project = Project::new(&[("a.c", RACE)]);
    project.succeeds("cc a.c -o a -pthread");
    project.records("./a", "a.trace");
    project.succeeds("symbolize a.trace -o named.trace");
    project.succeeds("pack named.trace");
    let (before, _) = project.analysed("named.trace");
    fs::remove_file(project.0.path().join("a")).unwrap();
    let (report, warnings) = project.analysed("named.packed.trace");
    let without_name = |report: &str| report.replace("named.packed.trace", "named.trace");
    assert_eq!(without_name(&report), before);
    assert!(report.contains("called from: work at a.c:7:"), "{report}");
    assert!(warnings.is_empty(), "{warnings}");
    let (report, warnings) = project.analysed("a.trace");
    assert!(report.contains("/a+0x"), "{report}");
    assert!(warnings.contains("hbtrace symbolize"), "{warnings}");
    assert_eq!(warnings.lines().count(), 1, "{warnings}");
}

#[test]
fn another_build_is_not_looked_into() {
    let project = Project::new(&[("a.c", RACE), ("b.c", "int main(void) { return 0; }")]);
    project.succeeds("cc a.c -o a -pthread");
    project.records("./a", "a.trace");
    project.succeeds("cc b.c -o a -pthread");
    let (report, warnings) = project.analysed("a.trace");
    assert!(report.contains("/a+0x"), "{report}");
    assert!(warnings.contains("is not what was recorded"), "{warnings}");
    assert_eq!(warnings.lines().count(), 1, "{warnings}");
}

#[test]
fn code_without_lines_is_told_by_function_and_offset() {
    let project = Project::new(&[("a.c", RACE)]);
    project.succeeds("cc -g0 -O1 a.c -o a -pthread -Wl,--strip-debug");
    project.records("./a", "a.trace");
    let (report, warnings) = project.analysed("a.trace");
    assert!(report.contains("/a(work+0x"), "{report}");
    assert!(report.contains(", in `work`"), "{report}");
    assert!(warnings.contains("compile it with -g"), "{warnings}");
    // What is exported says nothing of the functions between.
    project.succeeds("cc -g0 -O1 a.c -o b -pthread -s -Wl,--export-dynamic-symbol=main");
    project.records("./b", "b.trace");
    let (report, _) = project.analysed("b.trace");
    let mut sites = report.lines().filter(|line| line.contains("--> "));
    assert!(
        sites.all(|site| site.contains("/b+0x")) && report.contains("--> "),
        "{report}"
    );
}

#[test]
fn sources_are_found_wherever_they_were_compiled() {
    let project = Project::new(&[("src/a.c", RACE), ("build/x", "")]);
    let mut command = project.command(env!("CARGO_BIN_EXE_hbtrace"));
    let compiled = command
        .current_dir(project.0.path().join("build"))
        .args(["cc", "../src/a.c", "-o", "../a", "-pthread"])
        .status();
    assert!(compiled.unwrap().success());
    project.records("./a", "a.trace");
    let (report, _) = project.analysed("a.trace");
    assert!(report.contains("--> src/a.c:5:"), "{report}");
    let prefix = format!("-ffile-prefix-map={}=.", project.0.path().display());
    project.succeeds(&format!("cc {prefix} src/a.c -o a -pthread"));
    project.records("./a", "b.trace");
    let (report, _) = project.analysed("b.trace");
    assert!(report.contains("--> src/a.c:5:"), "{report}");
}

#[test]
fn a_compiler_does_what_it_does() {
    let project = Project::new(&[("a.c", RACE), ("bad.c", "int x = ;")]);
    let plain = project.command("cc").arg("--version").output().unwrap();
    assert_eq!(project.run("cc --version").stdout, plain.stdout);
    let defines = project.succeeds("cc -dM -E a.c");
    assert!(defines.contains("__SANITIZE_THREAD__"), "{defines}");
    assert!(project.succeeds("cc -M a.c").starts_with("a.o: a.c"));
    assert!(project.succeeds("cc -S a.c -o -").contains("__tsan_write"));
    project.succeeds("cc -c a.c -o a.o");
    project.succeeds("cc -fsanitize=thread a.o -o a -pthread");
    project.records("./a", "a.trace");
    let failed = project.run("cc -c bad.c");
    assert_eq!(failed.status.code(), Some(1));
    let told = String::from_utf8(failed.stderr).unwrap();
    assert!(
        told.contains("bad.c:1") && !told.contains("hbtrace"),
        "{told}"
    );
}

#[test]
fn what_cannot_be_linked_is_said() {
    let project = Project::new(&[("a.c", RACE)]);
    let failed = |output: Output, code: i32| {
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let told = failed(project.run("cc -static a.c -o a"), 2);
    assert!(told.contains("-static"), "{told}");
    let run = |variable: &str, value: &str, arguments: &str| {
        let mut command = project.command(env!("CARGO_BIN_EXE_hbtrace"));
        let arguments = arguments.split(' ');
        command
            .env(variable, value)
            .args(arguments)
            .output()
            .unwrap()
    };
    let told = failed(run("HBTRACE_RT", "/nowhere", "cc a.c -o a"), 2);
    assert!(
        told.contains("cargo build --release -p hbtrace-rt"),
        "{told}"
    );
    let told = failed(run("HBTRACE_CC", "no-such-cc", "cc -c a.c"), 127);
    assert!(told.contains("HBTRACE_CC names another"), "{told}");
    fs::write(project.0.path().join("old-cc"), "#!/bin/sh\nexit 4\n").unwrap();
    let told = failed(run("HBTRACE_CC", "sh old-cc", "cc -c a.c"), 4);
    assert!(told.contains("does not know -fsanitize=thread"), "{told}");
}

#[test]
fn a_plugin_records_into_its_program() {
    let host = "\
#include <dlfcn.h>
#include <pthread.h>
static void *work(void *f) { ((void (*)(void))f)(); return 0; }
int main(void)
{
    void *plug = dlopen(\"./plug.so\", RTLD_NOW), *f = plug ? dlsym(plug, \"plug\") : 0;
    pthread_t a, b;
    if (!f) return 9;
    pthread_create(&a, 0, work, f);
    pthread_create(&b, 0, work, f);
    pthread_join(a, 0);
    pthread_join(b, 0);
    return 0;
}
";
    let plug = "long count;\nvoid plug(void) { count++; }\n";
    let project = Project::new(&[("host.c", host), ("plug.c", plug)]);
    project.succeeds("cc -shared -fPIC -Wl,-z,defs plug.c -o plug.so");
    project.succeeds("cc host.c -o host -pthread -ldl");
    project.records("./host", "a.trace");
    let (report, _) = project.analysed("a.trace");
    assert!(report.contains("--> plug.c:2:"), "{report}");
}

#[test]
fn frames_of_the_standard_library_give_way_to_those_that_call_it() {
    let text = "\
#include <thread>
#include <vector>
int main()
{
    std::vector<int> v(4);
    auto work = [&] { v[1] += 1; };
    std::thread a(work), b(work);
    a.join();
    b.join();
}
";
    if std::process::Command::new("c++")
        .arg("--version")
        .output()
        .is_err()
    {
        // On the terminal, past what the harness captures.
        let told = b"skipped: a C++ program, as no c++ is installed\n";
        let _ = std::io::Write::write_all(&mut std::io::stderr(), told);
        return;
    }
    let project = Project::new(&[("a.cc", text)]);
    project.succeeds("c++ -std=c++17 -O2 a.cc -o a -pthread");
    project.records("./a", "a.trace");
    let (report, _) = project.analysed("a.trace");
    assert!(report.contains("--> a.cc:6:"), "{report}");
}

#[test]
fn rust_records_on_a_stable_compiler() {
    let manifest = "[package]\nname = \"racy\"\nedition = \"2024\"\n[workspace]\n";
    // Both threads are there when they race, and nothing orders them.
    let text = "\
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread::spawn;
static THERE: AtomicU32 = AtomicU32::new(0);
static mut RACY: u64 = 0;
fn work() {
    THERE.fetch_add(1, Relaxed);
    while THERE.load(Relaxed) < 2 {}
    // SAFETY: a race on purpose, of a word that nobody reads.
    unsafe { (&raw mut RACY).write_volatile(1) };
}
fn main() {
    let threads = [spawn(work), spawn(work)];
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}
";
    let project = Project::new(&[("Cargo.toml", manifest), ("src/main.rs", text)]);
    let mut command = project.command(env!("CARGO_BIN_EXE_hbtrace"));
    let status = command
        .args(["cargo", "run", "--release", "--offline"])
        .env("HBTRACE_OUT", project.0.path().join("a.trace"))
        .env("CARGO_TARGET_DIR", project.0.path().join("target"))
        .status();
    assert!(status.unwrap().success());
    let (report, _) = project.analysed("a.trace");
    assert!(report.contains("--> src/main.rs:9:"), "{report}");
    assert!(report.contains(", in `work`"), "{report}");
}

#[test]
fn programs_that_were_not_built_for_it_are_preloaded() {
    let text = "\
#include <pthread.h>
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *work(void *p)
{
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
    return p;
}
int main(void)
{
    pthread_t a;
    pthread_create(&a, 0, work, 0);
    work(0);
    return pthread_join(a, 0);
}
";
    let project = Project::new(&[("a.c", text)]);
    let mut command = project.command("cc");
    let built = command.args(["-g", "a.c", "-o", "a", "-pthread"]).status();
    assert!(built.unwrap().success());
    let record = |program: &str| {
        let mut command = project.command(env!("CARGO_BIN_EXE_hbtrace"));
        command.env("HBTRACE_RT", library("so"));
        let arguments = ["record", "-o", "a.trace", "--preload", "--", program];
        command.args(arguments).output().unwrap()
    };
    let output = record("./a");
    assert!(output.status.success(), "{output:?}");
    let dump = project.succeeds("dump a.trace");
    assert!(dump.contains("|acq(a.c:5:5#1)|"), "{dump}");
    // Where there are no accesses, all that is recorded has its time.
    let mut command = project.command(env!("CARGO_BIN_EXE_hbtrace"));
    command.env("HBTRACE_RT", library("so"));
    let script = "echo time=$HBTRACE_TIME";
    command.args([
        "record",
        "-o",
        "sh.trace",
        "--preload",
        "--",
        "sh",
        "-c",
        script,
    ]);
    assert_eq!(command.output().unwrap().stdout, b"time=all\n");
    let refused = |why: &str| {
        let output = record("./b");
        assert_eq!(output.status.code(), Some(125), "{output:?}");
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(why), "{told}");
    };
    let file = project.0.path().join("b");
    fs::copy(project.0.path().join("a"), &file).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o4755)).unwrap();
    refused("setuid");
    let mut command = project.command("cc");
    let built = command.args(["-static", "a.c", "-o", "b"]).status();
    assert!(built.unwrap().success());
    refused("linked statically");
    let mut command = project.command("cc");
    fs::write(
        project.0.path().join("go.s"),
        ".section .go.buildinfo,\"a\"\n.byte 1\n",
    )
    .unwrap();
    let built = command
        .args(["a.c", "go.s", "-o", "b", "-pthread"])
        .status();
    assert!(built.unwrap().success());
    refused("written in Go");
}
