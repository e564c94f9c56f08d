//! No room: the service goes on, the loss is counted and told, and nothing
//! raises SIGBUS or SIGXFSZ.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use hbtrace_traces::format::layout::{CHUNK_HEADER, PAGE, StreamKind, chunk};
use hbtrace_traces::kind::Kind;

use super::{Run, Said, count, is_root, open, row, run, skipped};

/// Holds that each thread of the program takes; there are ten accesses for
/// each. All of it takes some 20 MiB.
const HOLDS: u64 = 40_000;
/// Events of starting, joining and ending threads, which are no holds.
const OTHERS: u64 = 64;
/// Somebody who is not root.
const NOBODY: u32 = 65_534;

/// Records into `file` where there is room for a part only.
fn starve(what: &str, file: &Path, command: &mut Command) {
    let said = run(command.env("HBTRACE_OUT", file)).succeeded();
    let trace = open(file);
    let lost_sync = trace.info.lost_sync_events;
    let lost_accesses = trace.info.lost_events - lost_sync;
    let syncs = count(&trace, Kind::Acq) + count(&trace, Kind::Rel);
    let (holds, done) = (said.number("holds"), said.number("accesses"));
    assert_eq!(written(file) + lost_accesses, done, "{what}");
    let all = syncs + lost_sync;
    assert!(
        (2 * holds..=2 * holds + OTHERS).contains(&all),
        "{what}: {all}"
    );
    assert!(lost_accesses > 0, "{what}: it was not starved");
    let told = trace.info.warnings.iter().any(|it| it.contains("lost"));
    assert!(told, "{:?}", trace.info.warnings);
    let size = file.metadata().unwrap().len();
    row(
        what,
        1,
        &format!("{} events", done + 2 * holds),
        &format!("{lost_accesses} accesses, {lost_sync} sync events, all counted"),
        &format!("file of {} KiB; service unharmed", size >> 10),
    );
}

/// Accesses in the file, those behind a lost sync event too, which a reader does
/// not show.
fn written(file: &Path) -> u64 {
    let bytes = std::fs::read(file).unwrap();
    let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let (mut at, mut count) = (PAGE, 0);
    while at + CHUNK_HEADER <= bytes.len() {
        if u32_at(at + chunk::MAGIC) != chunk::MAGIC_VALUE {
            at += PAGE;
            continue;
        }
        let end = at + u32_at(at + chunk::SIZE) as usize;
        if bytes[at + chunk::STREAM] == StreamKind::Access as u8 {
            let used = match bytes[at + chunk::STATE] {
                chunk::CLOSED => u32_at(at + chunk::USED) as usize,
                _ => end - at - CHUNK_HEADER,
            };
            let payload = &bytes[at + CHUNK_HEADER..][..used];
            let words = payload.chunks_exact(8).take_while(|word| **word != [0; 8]);
            // 7 in the bits of the length is an escape.
            count += words.filter(|word| word[6] & 7 != 7).count() as u64;
        }
        at = end;
    }
    count
}

/// Records where there can be no file: one line says so.
fn refused(what: &str, file: &Path, command: &mut Command) {
    let said = run(command.env("HBTRACE_OUT", file)).succeeded();
    complains(&said, file);
    let done = said.number("accesses") + 2 * said.number("holds");
    let notes = "told in one line before the first event; service unharmed";
    row(what, 1, &format!("{done} events"), "not recorded", notes);
}

fn complains(said: &Said, file: &Path) {
    let lines = said.errors.lines();
    let lines = lines.filter(|line| line.starts_with("hbtrace: can't record"));
    assert_eq!(lines.count(), 1, "{}", said.errors);
    let name = file.file_name().unwrap().to_str().unwrap();
    assert!(said.errors.contains(name), "{}", said.errors);
}

#[test]
fn a_limit_on_file_sizes_is_counted_and_does_not_kill() {
    let at = Run::new();
    let program = env!("CARGO_BIN_EXE_violence");
    let mut command = Command::new("bash");
    let limited = format!("ulimit -f 8192; exec '{program}' fill - {HOLDS}");
    command.args(["-c", &limited]);
    starve("RLIMIT_FSIZE of 8 MiB", &at.trace_file(), &mut command);
}

#[test]
fn what_is_no_file_is_refused_in_one_line() {
    let at = Run::new();
    let pipe = at.file("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    refused("path is a pipe", &pipe, &mut at.command("fill", HOLDS));
    refused(
        "path is a device",
        Path::new("/dev/full"),
        &mut at.command("fill", HOLDS),
    );
    let directory = at.file("directory");
    std::fs::create_dir(&directory).unwrap();
    refused(
        "path is a directory",
        &directory,
        &mut at.command("fill", HOLDS),
    );
    let missing = at.file("missing").join("run.trace");
    refused(
        "path in no directory",
        &missing,
        &mut at.command("fill", HOLDS),
    );
}

/// A copy of the program that everybody may run, and how to run it as one who
/// is not root.
fn as_nobody(at: &Run) -> Command {
    let program = at.file("program");
    if !program.exists() {
        let all = std::fs::Permissions::from_mode(0o755);
        std::fs::copy(env!("CARGO_BIN_EXE_violence"), &program).unwrap();
        std::fs::set_permissions(&program, all.clone()).unwrap();
        std::fs::set_permissions(at.directory.path(), all).unwrap();
    }
    let mut command = Command::new(program);
    command.args(["fill", "-", &HOLDS.to_string()]);
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

fn directory(at: &Run, name: &str, mode: u32) -> PathBuf {
    let directory = at.file(name);
    std::fs::create_dir(&directory).unwrap();
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(mode)).unwrap();
    directory
}

#[test]
fn a_directory_without_permission_is_refused_in_one_line() {
    let at = Run::new();
    let read_only = directory(&at, "read-only", 0o555);
    refused(
        "directory not writable",
        &read_only.join("run.trace"),
        &mut as_nobody(&at),
    );
    let closed = directory(&at, "closed", 0o000);
    refused(
        "no permission",
        &closed.join("run.trace"),
        &mut as_nobody(&at),
    );
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&closed, open).unwrap();
}

/// A file system that is ours.
struct Mounted {
    at: PathBuf,
}

impl Mounted {
    fn new(at: PathBuf, arguments: &[&str]) -> Option<Mounted> {
        std::fs::create_dir(&at).unwrap();
        let mut mount = Command::new("mount");
        let output = mount.args(arguments).arg(&at).output().ok()?;
        output.status.success().then_some(Mounted { at })
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.at).status();
    }
}

fn tmpfs(at: &Run, name: &str, options: &str) -> Option<Mounted> {
    if !is_root() {
        return None;
    }
    let arguments = ["-t", "tmpfs", "-o", options, "tmpfs"];
    Mounted::new(at.file(name), &arguments)
}

#[test]
fn a_full_tmpfs_is_counted() {
    let at = Run::new();
    let what = "tmpfs full (8 MiB)";
    let Some(mounted) = tmpfs(&at, "tmpfs", "size=8m") else {
        return skipped(what, "no file system can be mounted");
    };
    let file = mounted.at.join("run.trace");
    starve(what, &file, &mut at.command("fill", HOLDS));
    std::fs::remove_file(&file).unwrap();
    let what = "tmpfs full, flight of 4 MiB";
    let mut command = at.command("fill", HOLDS);
    let said = run(command
        .env("HBTRACE_OUT", &file)
        .env("HBTRACE_FLIGHT", "4M"))
    .succeeded();
    let trace = open(&file);
    assert_eq!(trace.info.lost_events, 0);
    let done = said.number("accesses") + 2 * said.number("holds");
    row(what, 1, &format!("{done} events"), "0", "the pool fits");
}

#[test]
fn a_read_only_file_system_is_refused_in_one_line() {
    let at = Run::new();
    let what = "read-only file system";
    let Some(mounted) = tmpfs(&at, "read-only", "size=4m,ro") else {
        return skipped(what, "no file system can be mounted");
    };
    refused(
        what,
        &mounted.at.join("run.trace"),
        &mut at.command("fill", HOLDS),
    );
    let what = "file system without any room";
    let Some(mounted) = tmpfs(&at, "none", "size=4k") else {
        return skipped(what, "no file system can be mounted");
    };
    std::fs::write(mounted.at.join("other"), [1; 4096]).unwrap();
    refused(
        what,
        &mounted.at.join("run.trace"),
        &mut at.command("fill", HOLDS),
    );
}

#[test]
fn a_full_disk_is_counted() {
    let at = Run::new();
    let what = "disk full (ext4 of 16 MiB)";
    let image = at.file("image");
    let made = std::fs::File::create(&image).and_then(|file| file.set_len(16 << 20));
    made.unwrap();
    let mut make = Command::new("mkfs.ext4");
    let made = make.args(["-q", "-F"]).arg(&image).output();
    let made = is_root() && made.is_ok_and(|output| output.status.success());
    let source = image.to_str().unwrap();
    let mounted = made.then(|| Mounted::new(at.file("disk"), &["-o", "loop", source]));
    let Some(mounted) = mounted.flatten() else {
        return skipped(what, "no disk image can be mounted");
    };
    starve(
        what,
        &mounted.at.join("run.trace"),
        &mut at.command("fill", HOLDS),
    );
}

#[test]
fn a_quota_is_counted() {
    let at = Run::new();
    let what = "quota of 8 MiB";
    if let Some(mounted) = tmpfs(
        &at,
        "quota",
        "size=64m,mode=1777,usrquota_block_hardlimit=8m",
    ) {
        let file = mounted.at.join("run.trace");
        starve(what, &file, &mut as_nobody(&at));
    } else {
        skipped(
            what,
            "this kernel has no quota on tmpfs; its answer is stood in for below",
        );
    }
    let what = "quota: EDQUOT beyond 8 MiB by a stand-in for posix_fallocate";
    let Some(shim) = super::lives::shim(&at) else {
        return skipped(what, "no C compiler");
    };
    let mut command = at.command("fill", HOLDS);
    command
        .env("LD_PRELOAD", shim)
        .env("SHIM_QUOTA", (8 << 20).to_string());
    starve(what, &at.trace_file(), &mut command);
}
