//! `hbtrace record`: runs a program with recording switched on.
//!
//! Recording is the program's own doing: it links the recorder, and
//! `HBTRACE_OUT` tells it where to write. What is left to do here is to pass
//! on signals, to exit as the program does, and to say so if it wrote nothing.
//!
//! A terminal sends the signals of its keys to the program as well; those are
//! only kept from ending this process first. Others are passed on, until the
//! program has ended and before its process id can be used again.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, SystemTime};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::Signals;

use hbtrace_traces::format::settings::{self, Setting};
use hbtrace_traces::format::start;

use crate::arguments::{Record, Time};
use crate::exit_codes;
use crate::failure::Failure;
use crate::preload;
use crate::terminal::Terminal;

pub(super) fn run(arguments: &Record, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
    let (program, rest) = arguments
        .program
        .split_first()
        .ok_or_else(|| failed("no program is named"))?;
    let program = Path::new(program);
    let trace = trace_path(arguments, program)?;
    let before = usable(&trace)?;
    let said = said(arguments);
    check(&said)?;
    let mut command = Command::new(program);
    command.args(rest).env("HBTRACE_OUT", &trace);
    for (setting, value) in said {
        match value {
            Some(value) => command.env(setting.variable, value),
            None => command.env_remove(setting.variable),
        };
    }
    if arguments.preload {
        command.env(preload::VARIABLE, preload::value(program)?);
    }
    let signals = Signals::new([SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2])
        .map_err(|error| failed(format!("signals can't be passed on: {error}")))?;
    let started = SystemTime::now();
    let child = command
        .spawn()
        .map_err(|error| not_started(program, &error))?;
    let pid = child.id();
    let status = wait(child, signals).map_err(|error| failed(error.to_string()))?;
    match find_written(&trace, before.as_ref(), started, pid) {
        Some(path) => terminal.say(&format!("recorded {}", path.display())),
        None => terminal.say(&unwritten(arguments, program, &trace)),
    }
    Ok(exit_codes::of(status).unwrap_or(exit_codes::RECORD_FAILED))
}

/// What the program's environment is to say of each setting: what the options
/// say, else what is said already.
fn said(arguments: &Record) -> Vec<(&'static Setting, Option<OsString>)> {
    let rotate = arguments.rotate.map(|keep| keep.to_string());
    let panic = arguments.snapshot_on_panic.then(|| "1".to_owned());
    let options = [
        (&settings::FLIGHT, arguments.flight.clone()),
        (&settings::SIGNAL, arguments.snapshot_signal.clone()),
        (&settings::ROTATE, rotate),
        (&settings::PANIC, panic),
    ];
    let said = |setting: &'static Setting| {
        if *setting == settings::TIME && arguments.time.is_some() {
            return (arguments.time == Some(Time::All)).then(|| "all".into());
        }
        let option = options.iter().find(|(of, _)| *of == setting);
        let option = option.and_then(|(_, value)| value.clone());
        let inherited = || std::env::var_os(setting.variable).filter(|value| !value.is_empty());
        let said = option.map(OsString::from).or_else(inherited);
        // There are no accesses, and a lock may be free for most of the time
        // between two stamps: only stamps tell how long it was held.
        let all = arguments.preload && *setting == settings::TIME;
        said.or_else(|| all.then(|| "all".into()))
    };
    let settings = settings::SETTINGS.iter();
    settings.map(|setting| (*setting, said(setting))).collect()
}

/// Makes sure that the recorder will understand what it is told: it would leave
/// the program unrecorded otherwise.
fn check(said: &[(&Setting, Option<OsString>)]) -> Result<(), Failure> {
    let wrong = |setting: &Setting, value: &OsStr, expected: &str| {
        let message = format!("{} is {value:?}, expected {expected}", setting.variable);
        Err(Failure::new(exit_codes::USAGE, message))
    };
    let is_said = |setting: &Setting| {
        said.iter()
            .any(|(of, value)| *of == setting && value.is_some())
    };
    for (setting, value) in said {
        let Some(value) = value else { continue };
        if !value.to_str().is_some_and(|value| setting.takes(value)) {
            return wrong(setting, value, setting.expected);
        }
        if **setting == settings::ROTATE && !is_said(&settings::FLIGHT) {
            return wrong(setting, value, settings::ROTATE_NEEDS);
        }
    }
    Ok(())
}

/// Why there may be no trace.
fn unwritten(arguments: &Record, program: &Path, trace: &Path) -> String {
    let why = match arguments.preload {
        true => {
            "it created no thread and took no lock of libc's, or started the program that does \
             with another environment"
        }
        false => {
            "it does not link hbtrace-recorder with its feature `record`, used no mirror before \
             it ended, or started the recorded program with another environment; what was not \
             built for it is recorded with --preload"
        }
    };
    format!(
        "warning: {} wrote no trace to {}: if it did not say why, {why}",
        program.display(),
        trace.display()
    )
}

fn failed(message: impl Into<String>) -> Failure {
    Failure::new(exit_codes::RECORD_FAILED, message)
}

fn not_started(program: &Path, error: &io::Error) -> Failure {
    let code = match error.kind() {
        io::ErrorKind::NotFound => exit_codes::NOT_FOUND,
        _ => exit_codes::NOT_EXECUTABLE,
    };
    Failure::new(code, format!("{} can't be run: {error}", program.display()))
}

/// Absolute, as the program may change its directory.
fn trace_path(arguments: &Record, program: &Path) -> Result<PathBuf, Failure> {
    let path = match &arguments.output {
        Some(path) => path.clone(),
        None => {
            let name = program.file_name().unwrap_or("run".as_ref());
            Path::new(name).with_extension("trace")
        }
    };
    std::path::absolute(&path).map_err(|error| failed(format!("{}: {error}", path.display())))
}

/// Makes sure that a trace may be written to `path`, so that this is told
/// before the program runs; gives what stands there now.
fn usable(path: &Path) -> Result<Option<Metadata>, Failure> {
    let shown = path.display();
    let directory = path.parent().unwrap_or(path);
    if !directory.is_dir() {
        let directory = directory.display();
        return Err(failed(format!(
            "there is no directory {directory} for the trace: create it"
        )));
    }
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return Ok(None);
    };
    if metadata.is_symlink() {
        return Err(failed(format!(
            "{shown} is a symbolic link: name the file that it leads to with -o"
        )));
    }
    // What is no file may block, or wake somebody, as it is opened.
    let is_trace = || File::open(path).and_then(start::is_replaceable);
    if !metadata.is_file() || !is_trace().unwrap_or(false) {
        let message = format!("{shown} exists and is not a trace: choose another file with -o");
        return Err(failed(message));
    }
    Ok(Some(metadata))
}

/// The file that the program has recorded into. `%p` in the path stands for
/// its process id, and if another process records into that file, the
/// recorder adds `.PID`. Files that bear the id may be left from an earlier
/// process, so these must be new.
fn find_written(
    trace: &Path,
    before: Option<&Metadata>,
    started: SystemTime,
    pid: u32,
) -> Option<PathBuf> {
    let expanded = expand(trace, pid);
    let mut own = expanded.clone().into_os_string();
    own.push(format!(".{pid}"));
    let own = PathBuf::from(own);
    let is_found = match expanded == trace {
        true => written(&expanded, before),
        false => is_new(&expanded, started),
    };
    let own = Some(own).filter(|own| is_new(own, started));
    own.or(is_found.then_some(expanded))
}

/// The path with `pid` for each `%p`.
fn expand(path: &Path, pid: u32) -> PathBuf {
    let mut parts = path.as_os_str().as_bytes().split(|byte| *byte == b'%');
    let mut expanded = parts.next().unwrap_or_default().to_vec();
    for part in parts {
        match part.strip_prefix(b"p") {
            Some(rest) => expanded.extend([pid.to_string().as_bytes(), rest].concat()),
            None => expanded.extend([b"%", part].concat()),
        }
    }
    PathBuf::from(OsString::from_vec(expanded))
}

/// Whether something has been written to `path` since `started`. (A file's
/// time may be some milliseconds behind.)
fn is_new(path: &Path, started: SystemTime) -> bool {
    let modified = fs::metadata(path).and_then(|now| now.modified());
    modified.is_ok_and(|modified| modified + Duration::from_millis(100) >= started)
        && written(path, None)
}

/// Whether something has been written to `path` since `before`.
fn written(path: &Path, before: Option<&Metadata>) -> bool {
    let state = |metadata: &Metadata| {
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        (metadata.ino(), metadata.len(), modified)
    };
    fs::metadata(path).is_ok_and(|now| now.len() > 0 && before.map(state) != Some(state(&now)))
}

/// Waits for the program, and passes on signals until then.
fn wait(mut child: Child, mut signals: Signals) -> io::Result<ExitStatus> {
    let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else {
        return child.wait();
    };
    let handle = signals.handle();
    let passing = thread::spawn(move || {
        for signal in signals.forever() {
            let signal = match signal {
                SIGTERM => Signal::TERM,
                SIGHUP => Signal::HUP,
                SIGUSR1 => Signal::USR1,
                SIGUSR2 => Signal::USR2,
                _ => continue,
            };
            // It may just have ended.
            let _ = kill_process(pid, signal);
        }
    });
    // The process id stays taken until `child.wait`, so no other process can
    // be hit.
    let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while let Err(error) = waitid(WaitId::Pid(pid), ended) {
        if error != rustix::io::Errno::INTR {
            break;
        }
    }
    handle.close();
    let _ = passing.join();
    child.wait()
}
