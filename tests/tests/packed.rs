//! Packed traces: every command says of them what it says of the trace as
//! recorded, they unpack to the very bytes, and damaged ones are refused.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use hbtrace_cli::exit_codes;
use hbtrace_tests::generate::{MIXES, Random, generate};

fn hbtrace(arguments: &[&str]) -> (u8, Vec<u8>, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let arguments = ["hbtrace"].iter().chain(arguments);
    let code = hbtrace_cli::run(arguments, &mut out, &mut err);
    (code, out, String::from_utf8(err).unwrap())
}

/// A folder with a trace in it, plain or packed under the same name, so that
/// what is said of it may be compared.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        Place { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn trace(&self) -> PathBuf {
        self.path("run.trace")
    }

    /// What the commands say of the trace.
    fn said(&self) -> Vec<(u8, Vec<u8>, String)> {
        let trace = self.trace();
        let trace = trace.to_str().unwrap();
        let text = self.path("run.std");
        let commands: [&[&str]; 5] = [
            &["dump", trace],
            &["analyze", trace, "--format", "json"],
            &["analyze", trace, "--format", "svg", "--jobs", "1"],
            &["info", trace],
            &["convert", trace, text.to_str().unwrap()],
        ];
        let mut said: Vec<_> = commands.iter().map(|command| hbtrace(command)).collect();
        // Only `info` tells packed traces from others.
        let info = String::from_utf8(std::mem::take(&mut said[3].1)).unwrap();
        let lines = info.lines().filter(|line| !line.starts_with("packed "));
        said[3].1 = lines.collect::<Vec<_>>().join("\n").into_bytes();
        said
    }

    /// Packs the trace in its place, and checks that all is as it was.
    fn check(&self, what: &str) {
        let before = self.said();
        let plain = fs::read(self.trace()).unwrap();
        let (trace, packed) = (self.trace(), self.path("run.packed.trace"));
        let (code, _, err) = hbtrace(&["pack", trace.to_str().unwrap(), "--force"]);
        assert_eq!(code, exit_codes::OK, "{what}: {err}");
        fs::rename(&packed, &trace).unwrap();
        let after = self.said();
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(before.0, after.0, "{what}: {}{}", before.2, after.2);
            assert_eq!(before.2, after.2, "{what}");
            assert!(before.1 == after.1, "{what}: output differs");
        }
        let unpacked = self.path("unpacked.trace");
        let arguments = ["-o", unpacked.to_str().unwrap(), "--force"];
        let (code, _, err) =
            hbtrace(&[&["unpack", trace.to_str().unwrap()], &arguments[..]].concat());
        assert_eq!(code, exit_codes::OK, "{what}: {err}");
        assert!(
            fs::read(unpacked).unwrap() == plain,
            "{what}: not the bytes that were packed"
        );
    }
}

fn samples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../traces/samples");
    let entries = fs::read_dir(folder).unwrap();
    let mut samples: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "std"))
        .collect();
    samples.sort();
    samples
}

#[test]
fn packed_samples_say_the_same() {
    let place = Place::new();
    for sample in samples() {
        let trace = place.trace();
        let (code, _, err) =
            hbtrace(&["convert", sample.to_str().unwrap(), trace.to_str().unwrap()]);
        assert_eq!(code, exit_codes::OK, "{err}");
        place.check(&sample.display().to_string());
    }
}

#[test]
fn packed_random_traces_say_the_same() {
    let place = Place::new();
    let mut random = Random::new(7);
    for case in 0..60 {
        let mix = &MIXES[random.below(MIXES.len())];
        let text = place.path("random.std");
        fs::write(&text, generate(mix, random.bits(), 400)).unwrap();
        let trace = place.trace();
        let (code, ..) = hbtrace(&["convert", text.to_str().unwrap(), trace.to_str().unwrap()]);
        if code == exit_codes::OK {
            place.check(&format!("case {case}"));
        }
    }
}

/// Runs a program of the tests under the recorder, and kills it after its
/// first line if `kill_after` says so.
fn record(program: &str, arguments: &[&str], trace: &Path, kill_after: Option<Duration>) {
    record_with(program, arguments, trace, kill_after, &[]);
}

/// The same, with settings of the recorder.
fn record_with(
    program: &str,
    arguments: &[&str],
    trace: &Path,
    kill_after: Option<Duration>,
    settings: &[(&str, &str)],
) {
    let _ = fs::remove_file(trace);
    let mut child = Command::new(program)
        .args(arguments)
        .env("HBTRACE_OUT", trace)
        .envs(settings.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    if let Some(after) = kill_after {
        lines.next().unwrap().unwrap();
        std::thread::spawn(move || lines.count());
        std::thread::sleep(after);
        child.kill().unwrap();
    }
    child.wait().unwrap();
}

#[test]
fn packed_recordings_say_the_same() {
    let place = Place::new();
    let program = env!("CARGO_BIN_EXE_patterns");
    let list = Command::new(program).output().unwrap().stdout;
    let list = String::from_utf8(list).unwrap();
    for line in list.lines().step_by(3) {
        let (_, name) = line.split_once(' ').unwrap();
        record(program, &[name], &place.trace(), None);
        place.check(name);
    }
}

#[test]
fn packed_traces_of_killed_processes_say_the_same() {
    let place = Place::new();
    for after in [0, 3, 30] {
        let killed = Some(Duration::from_millis(after));
        record(env!("CARGO_BIN_EXE_killed"), &[], &place.trace(), killed);
        place.check(&format!("killed after {after} ms"));
    }
    // The same file, cut and damaged: what is wrong with it stays as it is.
    record(
        env!("CARGO_BIN_EXE_killed"),
        &[],
        &place.trace(),
        Some(Duration::from_millis(10)),
    );
    let whole = fs::read(place.trace()).unwrap();
    let mut random = Random::new(11);
    for case in 0..8 {
        let mut bytes = whole.clone();
        bytes.truncate(4096 + random.below(bytes.len() - 4096));
        let used: Vec<usize> = (4096..bytes.len()).filter(|at| bytes[*at] != 0).collect();
        for _ in 0..random.below(4) {
            if !used.is_empty() {
                bytes[used[random.below(used.len())]] = random.bits() as u8;
            }
        }
        fs::write(place.trace(), bytes).unwrap();
        place.check(&format!("damaged, case {case}"));
    }
}

#[test]
fn packed_flight_recordings_say_the_same() {
    let place = Place::new();
    let killed = Some(Duration::from_millis(150));
    let flight = [("HBTRACE_FLIGHT", "1M")];
    let program = env!("CARGO_BIN_EXE_killed");
    record_with(program, &[], &place.trace(), killed, &flight);
    let info = hbtrace(&["info", place.trace().to_str().unwrap()]);
    let info = String::from_utf8(info.1).unwrap();
    assert!(info.contains("flight"), "{info}");
    place.check("a flight recording");
}

#[test]
fn a_packed_recording_takes_less_than_two_bytes_for_an_event() {
    let place = Place::new();
    let killed = Some(Duration::from_millis(200));
    record(env!("CARGO_BIN_EXE_killed"), &[], &place.trace(), killed);
    let trace = place.trace();
    let (code, ..) = hbtrace(&["pack", trace.to_str().unwrap()]);
    assert_eq!(code, exit_codes::OK);
    let packed = fs::metadata(place.path("run.packed.trace")).unwrap().len();
    let trace = hbtrace_traces::read::open(&trace, Default::default()).unwrap();
    let accesses = trace.streams.iter().map(|it| it.accesses.count());
    let events = trace.sync_events() + accesses.sum::<u64>();
    assert!(events > 100_000, "{events} events are too few to tell");
    assert!(packed <= 2 * events, "{packed} bytes for {events} events");
}

#[test]
fn damaged_packed_traces_are_refused() {
    let place = Place::new();
    record(
        env!("CARGO_BIN_EXE_killed"),
        &[],
        &place.trace(),
        Some(Duration::from_millis(5)),
    );
    let trace = place.trace();
    let packed = place.path("run.packed.trace");
    hbtrace(&["pack", trace.to_str().unwrap()]);
    let whole = fs::read(&packed).unwrap();
    let mut random = Random::new(13);
    for case in 0..300 {
        let mut bytes = whole.clone();
        if random.chance(20) {
            bytes.truncate(4096 + random.below(bytes.len() - 4096));
        } else {
            let at = 4096 + random.below(bytes.len() - 4096);
            bytes[at] ^= 1 << random.below(8);
        }
        fs::write(&trace, bytes).unwrap();
        for command in ["info", "dump", "analyze"] {
            let run = || hbtrace(&[command, trace.to_str().unwrap()]);
            let ended = catch_unwind(AssertUnwindSafe(run));
            let (code, _, err) =
                ended.unwrap_or_else(|_| panic!("case {case}: {command} panicked"));
            assert_eq!(code, exit_codes::NO_TRACE, "case {case}: {command}: {err}");
            assert!(err.contains(": byte "), "case {case}: {command}: {err}");
            assert!(
                err.contains("packed trace is damaged"),
                "case {case}: {err}"
            );
        }
    }
}

#[test]
fn the_output_is_the_same_for_any_number_of_threads() {
    let place = Place::new();
    record(
        env!("CARGO_BIN_EXE_killed"),
        &[],
        &place.trace(),
        Some(Duration::from_millis(50)),
    );
    let trace = place.trace();
    let packed = |jobs: &str| {
        let out = place.path("jobs.trace");
        let arguments = ["-o", out.to_str().unwrap(), "--jobs", jobs, "--force"];
        let arguments = [&["pack", trace.to_str().unwrap()], &arguments[..]].concat();
        assert_eq!(hbtrace(&arguments).0, exit_codes::OK);
        fs::read(out).unwrap()
    };
    let one = packed("1");
    for jobs in ["1", "2", "7"] {
        assert!(packed(jobs) == one, "{jobs} threads");
    }
}

#[test]
fn what_can_t_be_packed_is_refused_and_nothing_is_left() {
    let place = Place::new();
    let sample = samples().remove(0);
    let sample = sample.to_str().unwrap();
    let trace = place.trace();
    let trace = trace.to_str().unwrap();
    let packed = place.path("run.packed.trace");
    let packed = packed.to_str().unwrap();
    hbtrace(&["convert", sample, trace]);
    let refused = |arguments: &[&str], code: u8, says: &str| {
        let (found, _, err) = hbtrace(arguments);
        assert_eq!(found, code, "{arguments:?}: {err}");
        assert!(err.contains(says), "{arguments:?}: {err}");
    };
    assert_eq!(hbtrace(&["pack", trace]).0, exit_codes::OK);
    refused(&["pack", trace], exit_codes::USAGE, "--force");
    refused(
        &["pack", trace, "-o", trace, "--force"],
        exit_codes::USAGE,
        "the input itself",
    );
    let other = place.path("other.trace");
    let other = other.to_str().unwrap();
    refused(
        &["pack", packed, "-o", other],
        exit_codes::NO_TRACE,
        "packed already",
    );
    refused(&["pack", sample, "-o", other], exit_codes::NO_TRACE, "text");
    refused(
        &["unpack", trace, "-o", other],
        exit_codes::NO_TRACE,
        "not packed",
    );
    let nowhere = place.path("not/there.trace");
    refused(
        &["pack", trace, "-o", nowhere.to_str().unwrap()],
        exit_codes::USAGE,
        "can't be written",
    );
    let mut damaged = fs::read(packed).unwrap();
    damaged[4096 + 64 + 5] ^= 1;
    fs::write(packed, damaged).unwrap();
    refused(
        &["unpack", packed, "-o", other],
        exit_codes::NO_TRACE,
        "damaged",
    );
    let mut left: Vec<_> = fs::read_dir(place.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["run.packed.trace", "run.trace"]);
}
