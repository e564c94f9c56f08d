//! The commands, in process.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::fs;
use std::path::{Path, PathBuf};

use hbtrace_cli::exit_codes;
use tempfile::TempDir;

const RACE: &str = "A|w(x)|a.rs:1:1\nB|w(x)|b.rs:2:2\n";

const INVERSION: &str = "A|acq(a)|1\nA|acq(b)|2\nA|rel(b)|3\nA|rel(a)|4\n\
                         B|acq(b)|5\nB|acq(a)|6\nB|rel(a)|7\nB|rel(b)|8\n";

struct Folder {
    folder: TempDir,
}

/// What a run gave.
struct Ran {
    code: u8,
    out: String,
    err: String,
}

impl Folder {
    fn new() -> Folder {
        let folder = Folder {
            folder: tempfile::tempdir().unwrap(),
        };
        folder.write("race.std", RACE);
        folder.write("inversion.std", INVERSION);
        folder.write("clean.std", "A|w(x)|1\n");
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs `hbtrace` with arguments separated by blanks, `@` for the folder.
    fn run(&self, arguments: &str) -> Ran {
        let folder = self.folder.path().to_str().unwrap();
        let arguments = arguments
            .split(' ')
            .map(|a| a.replace('@', &format!("{folder}/")));
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let arguments = std::iter::once("hbtrace".to_owned()).chain(arguments);
        let code = hbtrace_cli::run(arguments, &mut out, &mut err);
        Ran {
            code,
            out: String::from_utf8(out).unwrap(),
            err: String::from_utf8(err).unwrap(),
        }
    }

    /// Runs what must fail with one line to stderr and nothing to stdout.
    fn fails(&self, arguments: &str, code: u8) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, code, "{arguments}: {}", ran.err);
        assert_eq!(ran.out, "", "{arguments}");
        assert_eq!(ran.err.lines().count(), 1, "{arguments}: {}", ran.err);
        let message = ran
            .err
            .strip_prefix("error: ")
            .expect("an error")
            .trim_end();
        message
            .replace(self.folder.path().to_str().unwrap(), "")
            .to_owned()
    }
}

#[test]
fn findings_and_fail_on() {
    let folder = Folder::new();
    for (arguments, code) in [
        ("@clean.std", exit_codes::OK),
        ("@race.std", exit_codes::FINDINGS),
        ("@race.std --fail-on races", exit_codes::FINDINGS),
        ("@race.std --fail-on races,deadlocks", exit_codes::FINDINGS),
        ("@race.std --fail-on deadlocks", exit_codes::OK),
        ("@race.std --fail-on none", exit_codes::OK),
        ("@inversion.std", exit_codes::FINDINGS),
        ("@inversion.std --fail-on races", exit_codes::OK),
        ("@inversion.std --strict", exit_codes::FINDINGS),
        ("@race.std --fail-on none,races", exit_codes::USAGE),
        ("@race.std --fail-on nonsense", exit_codes::USAGE),
        ("@race.std --format nonsense", exit_codes::USAGE),
        ("@race.std -o nonsense", exit_codes::USAGE),
        ("@race.std -o nonsense=@x", exit_codes::USAGE),
        ("@race.std --jobs 0", exit_codes::USAGE),
        ("", exit_codes::USAGE),
    ] {
        let ran = folder.run(&format!("analyze {arguments}"));
        assert_eq!(ran.code, code, "{arguments}: {}", ran.err);
    }
}

#[test]
fn reports_go_where_they_should() {
    let folder = Folder::new();
    let ran = folder.run("analyze @race.std -o json=@r.json -o text=@r.txt");
    assert_eq!(ran.code, exit_codes::FINDINGS);
    assert_eq!(ran.out, folder.read("r.txt"));
    assert_eq!(
        folder.run("analyze @race.std --format json").out,
        folder.read("r.json")
    );
    assert_eq!(ran.err.lines().count(), 2);
    assert!(ran.err.starts_with("wrote json to "));
}

#[test]
fn outputs_that_would_do_harm_are_refused() {
    let folder = Folder::new();
    let message = folder.fails("analyze @race.std -o json=@race.std", exit_codes::USAGE);
    assert_eq!(
        message,
        "/race.std is the trace itself: choose another output"
    );
    assert_eq!(folder.read("race.std"), RACE);
    let message = folder.fails("analyze @race.std -o json=@x -o text=@x", exit_codes::USAGE);
    assert_eq!(
        message,
        "two reports would be written to /x: choose another path"
    );
    std::fs::create_dir(folder.folder.path().join("d")).unwrap();
    let message = folder.fails(
        "analyze @race.std -o json=@d/../x -o svg=@x",
        exit_codes::USAGE,
    );
    assert_eq!(
        message,
        "two reports would be written to /x: choose another path"
    );
    let message = folder.fails("analyze @race.std -o json=@no/x", exit_codes::USAGE);
    assert!(message.starts_with("/no/x can't be written: "), "{message}");
    folder.fails("convert @race.std @race.std", exit_codes::USAGE);
}

#[test]
fn the_trace_is_not_overwritten_by_another_of_its_names() {
    let folder = Folder::new();
    let at = |name: &str| folder.folder.path().join(name);
    std::fs::hard_link(at("race.std"), at("again.std")).unwrap();
    std::os::unix::fs::symlink(at("race.std"), at("link.std")).unwrap();
    for name in ["again.std", "link.std", "./race.std"] {
        let command = format!("analyze @race.std -o json=@{name}");
        folder.fails(&command, exit_codes::USAGE);
        folder.fails(&format!("convert @race.std @{name}"), exit_codes::USAGE);
        assert_eq!(folder.read("race.std"), RACE);
    }
    folder.fails(
        "analyze @race.std -o json=@x -o json=@./x",
        exit_codes::USAGE,
    );
}

#[test]
fn colours_are_on_demand() {
    let folder = Folder::new();
    assert!(!folder.run("analyze @race.std").out.contains('\x1b'));
    assert!(
        !folder
            .run("analyze @race.std --color never")
            .out
            .contains('\x1b')
    );
    assert!(
        folder
            .run("analyze @race.std --color always")
            .out
            .contains('\x1b')
    );
}

#[test]
fn what_is_no_trace_is_told_in_a_line() {
    let folder = Folder::new();
    folder.write("empty.trace", "");
    folder.write("cut.trace", "HBTRACE\0\x01");
    folder.write("other.trace", "\x7fELF\0\0\0");
    folder.write("prose.std", "This is no trace.\n");
    fs::create_dir(folder.path("directory")).unwrap();
    for name in [
        "absent",
        "directory",
        "empty.trace",
        "cut.trace",
        "other.trace",
        "prose.std",
    ] {
        for command in ["analyze", "info", "dump"] {
            let message = folder.fails(&format!("{command} @{name}"), exit_codes::NO_TRACE);
            assert!(
                message.starts_with(&format!("/{name}: "))
                    || message.starts_with(&format!("/{name}:1:")),
                "{message}"
            );
        }
    }
    let message = folder.fails("analyze -", exit_codes::USAGE);
    assert!(message.contains("standard input"), "{message}");
}

#[test]
fn a_trace_without_events_is_told() {
    let folder = Folder::new();
    folder.write("comments.std", "# nothing\n\n");
    let message = folder.fails("analyze @comments.std", exit_codes::EMPTY);
    assert!(
        message.starts_with("/comments.std: the trace holds no event"),
        "{message}"
    );
}

#[test]
fn a_cut_that_took_every_event_is_told() {
    let folder = Folder::new();
    folder.run("convert @race.std @race.trace");
    let header = fs::File::options()
        .write(true)
        .open(folder.path("race.trace"));
    header.unwrap().set_len(4096).unwrap();
    let message = folder.fails("analyze @race.trace", exit_codes::EMPTY);
    assert!(message.contains("the file is cut"), "{message}");
    assert!(message.contains("copy it again"), "{message}");
}

#[test]
fn an_impossible_trace_is_told_or_passed() {
    let folder = Folder::new();
    folder.write("bad.std", "A|acq(l)|1\nB|acq(l)|2\nA|w(x)|3\n");
    let message = folder.fails("analyze @bad.std", exit_codes::NO_TRACE);
    assert!(message.starts_with("/bad.std:2:"), "{message}");
    let ran = folder.run("analyze --lenient @bad.std");
    assert_eq!(ran.code, exit_codes::OK, "{}", ran.err);
    assert!(ran.err.starts_with("warning: "), "{}", ran.err);
}

#[test]
fn dump_gives_the_text_back() {
    let folder = Folder::new();
    let ran = folder.run("dump @inversion.std");
    assert_eq!((ran.code, ran.out.as_str()), (exit_codes::OK, INVERSION));
}

#[test]
fn convert_there_and_back() {
    let folder = Folder::new();
    for (from, to) in [("@inversion.std", "@x.trace"), ("@x.trace", "@y.std")] {
        let ran = folder.run(&format!("convert {from} {to}"));
        assert_eq!((ran.code, ran.err.as_str()), (exit_codes::OK, ""));
    }
    assert_eq!(folder.read("y.std"), INVERSION);
    let of_trace = folder.run("analyze @x.trace");
    let of_text = folder.run("analyze @inversion.std");
    assert_eq!(of_trace.code, exit_codes::FINDINGS);
    assert_eq!(
        of_trace.out.replace("x.trace", "inversion.std"),
        of_text.out
    );
    let message = folder.fails("convert @inversion.std @x.doc", exit_codes::USAGE);
    assert!(
        message.starts_with("/x.doc does not say what to convert to"),
        "{message}"
    );
}

#[test]
fn a_trace_cut_later_is_analysed_with_a_warning() {
    let folder = Folder::new();
    let many: String = (0..30_000)
        .map(|n| format!("A|w(x{n})|1\nB|acq(l)|2\nB|rel(l)|3\n"))
        .collect();
    folder.write("long.std", &many);
    folder.run("convert @long.std @long.trace");
    let whole = fs::read(folder.path("long.trace")).unwrap();
    fs::write(folder.path("cut.trace"), &whole[..whole.len() * 3 / 4]).unwrap();
    let ran = folder.run("analyze @cut.trace");
    assert!(ran.code <= exit_codes::FINDINGS, "{}", ran.err);
    assert!(ran.err.starts_with("warning: "), "{}", ran.err);
    let strict = folder.run("analyze @cut.trace --strict");
    assert_eq!(strict.code, exit_codes::INCOMPLETE);
    assert_eq!(strict.out, ran.out);
}

#[test]
fn info_tells_the_figures() {
    let folder = Folder::new();
    let ran = folder.run("info @inversion.std");
    assert_eq!(ran.code, exit_codes::OK);
    for line in [
        "format       text",
        "state        complete",
        "sync events  8",
        "threads      2",
    ] {
        assert!(ran.out.lines().any(|l| l == line), "{line}: {}", ran.out);
    }
}

#[test]
fn help_names_every_format_and_has_examples() {
    let folder = Folder::new();
    let help = folder.run("analyze --help");
    assert_eq!((help.code, help.err.as_str()), (exit_codes::OK, ""));
    for report in hbtrace_analyzer::report::REPORTS {
        assert!(help.out.contains(report.name), "{}", report.name);
    }
    for command in ["analyze", "record", "info", "dump", "convert"] {
        let help = folder.run(&format!("{command} --help")).out;
        assert!(help.contains(&format!("hbtrace {command} ")), "{command}");
        assert!(help.contains("Example"), "{command}");
    }
}

#[test]
fn the_paths_of_a_report_need_not_exist() {
    assert!(!Path::new("a.rs").exists());
    let ran = Folder::new().run("analyze @race.std");
    assert!(ran.out.contains("  --> a.rs:1:1\n"), "{}", ran.out);
}
