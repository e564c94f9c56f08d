//! `hbtrace record`: runs a program with recording switched on.
//!
//! Recording is the program's own doing: it links the recorder, and
//! `HBTRACE_OUT` tells it where to write. What is left to do here is to pass
//! on signals, to exit as the program does, and to say so if it wrote nothing.
//!
//! A terminal sends the signals of its keys to the program as well; those are
//! only kept from ending this process first. Others are passed on, until the
//! program has ended and before its process id can be used again.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::thread;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

use hbtrace_traces::format::layout::MAGIC;

use crate::arguments::{Record, Time};
use crate::exit_codes;
use crate::failure::Failure;
use crate::terminal::Terminal;

pub(super) fn run(arguments: &Record, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
    let (program, rest) = arguments
        .program
        .split_first()
        .ok_or_else(|| failed("no program is named"))?;
    let program = Path::new(program);
    let trace = trace_path(arguments, program)?;
    let before = usable(&trace)?;
    let mut command = Command::new(program);
    command.args(rest).env("HBTRACE_OUT", &trace);
    if arguments.time == Time::All {
        command.env("HBTRACE_TIME", "all");
    }
    let signals = Signals::new([SIGINT, SIGQUIT, SIGTERM, SIGHUP])
        .map_err(|error| failed(format!("signals can't be passed on: {error}")))?;
    let child = command
        .spawn()
        .map_err(|error| not_started(program, &error))?;
    let status = wait(child, signals).map_err(|error| failed(error.to_string()))?;
    let shown = trace.display();
    if written(&trace, before.as_ref()) {
        terminal.say(&format!("recorded {shown}"));
    } else {
        terminal.say(&format!(
            "warning: {} wrote no trace to {shown}: does it link hbtrace-recorder with its \
             feature `record` on?",
            program.display()
        ));
    }
    Ok(exit_code(status))
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
    let Ok(metadata) = fs::metadata(path) else {
        return Ok(None);
    };
    let mut start = Vec::new();
    let read =
        File::open(path).and_then(|file| file.take(MAGIC.len() as u64).read_to_end(&mut start));
    let is_trace = metadata.is_file() && read.is_ok() && MAGIC.starts_with(&start);
    if !is_trace {
        let message = format!("{shown} exists and is not a trace: choose another file with -o");
        return Err(failed(message));
    }
    Ok(Some(metadata))
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

fn exit_code(status: ExitStatus) -> u8 {
    let signalled = || {
        status
            .signal()
            .map(|signal| i32::from(exit_codes::SIGNALLED) + signal)
    };
    let code = status.code().or_else(signalled);
    code.and_then(|code| u8::try_from(code).ok())
        .unwrap_or(exit_codes::RECORD_FAILED)
}
