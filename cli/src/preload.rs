//! Whether a program that was not built for it can be recorded all the same: the
//! loader puts `libhbtrace_rt.so` before libc if it is asked to.
//!
//! It does so in programs that it loads, not in static ones, and ignores the
//! request in those that get rights which their caller has not. Go's programs
//! are refused as well: what they do, they do without libc.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use object::read::ReadCache;
use object::read::elf::{ElfFile64, ProgramHeader};
use object::{Endianness, Object, elf};

use crate::build::library::{self, Form};
use crate::exit_codes;
use crate::failure::Failure;

/// The loader's variable.
pub(crate) const VARIABLE: &str = "LD_PRELOAD";

/// Set-user-id and set-group-id.
const SET_ID: u32 = 0o6000;

/// A script may be run by a script, up to here.
const MAX_SCRIPTS: usize = 4;

/// What `LD_PRELOAD` has to be for `program`, or why it can't be recorded.
pub(crate) fn value(program: &Path) -> Result<OsString, Failure> {
    let refuse = |why: String| Failure::new(exit_codes::RECORD_FAILED, why);
    // A program that is not there is told of when it is run.
    if let Some(file) = found(program) {
        check(&file, MAX_SCRIPTS).map_err(refuse)?;
    }
    let (library, _) = library::find(&[Form::Shared])?;
    if library
        .as_os_str()
        .as_bytes()
        .iter()
        .any(|byte| b" :".contains(byte))
    {
        let library = library.display();
        return Err(refuse(format!(
            "{library} can't be preloaded, as the loader takes blanks and colons in its path for \
             separators: name a copy elsewhere in HBTRACE_RT"
        )));
    }
    let mut value = library.into_os_string();
    if let Some(others) = env::var_os(VARIABLE).filter(|others| !others.is_empty()) {
        value.push(":");
        value.push(others);
    }
    Ok(value)
}

/// The file that is run under this name.
fn found(program: &Path) -> Option<PathBuf> {
    if program.as_os_str().as_bytes().contains(&b'/') {
        return program.is_file().then(|| program.to_owned());
    }
    let is_program = |path: &PathBuf| {
        let metadata = fs::metadata(path);
        metadata.is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
    };
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|directory| directory.join(program))
        .find(is_program)
}

/// Whether the library can be loaded into this file's process, or why not.
fn check(file: &Path, scripts: usize) -> Result<(), String> {
    let shown = file.display();
    let metadata = fs::metadata(file).map_err(|error| format!("{shown}: {error}"))?;
    let mut start = vec![0; 256];
    let opened = File::open(file).and_then(|mut opened| {
        let length = opened.read(&mut start)?;
        start.truncate(length);
        Ok(opened)
    });
    let opened = opened.map_err(|error| {
        format!("{shown} can't be read ({error}), so whether it can be recorded is not known")
    })?;
    if start.starts_with(b"#!") {
        let programs = interpreters(&start);
        let mut files = programs.iter().filter_map(|program| found(program));
        return match scripts {
            0 => Ok(()),
            scripts => files.try_for_each(|file| check(&file, scripts - 1)),
        };
    }
    if !start.starts_with(b"\x7fELF") {
        return Ok(());
    }
    if metadata.mode() & SET_ID != 0 || has_capabilities(file) {
        return Err(format!(
            "{shown} runs with rights that its caller has not (setuid, setgid or capabilities), so \
             the loader does not preload into it: record a copy without them"
        ));
    }
    check_elf(opened).map_err(|why| format!("{shown} {why}"))
}

/// The programs that the first line of a script names, `env` and what it runs.
fn interpreters(start: &[u8]) -> Vec<PathBuf> {
    let line = start
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let mut words = line.trim_start_matches("#!").split_whitespace();
    let mut programs: Vec<_> = words.next().map(PathBuf::from).into_iter().collect();
    if programs
        .first()
        .is_some_and(|program| program.ends_with("env"))
    {
        let is_program = |word: &&str| !word.starts_with('-') && !word.contains('=');
        programs.extend(words.find(is_program).map(PathBuf::from));
    }
    programs
}

/// Whether the file has a capability of its own.
fn has_capabilities(file: &Path) -> bool {
    let mut value = [0; 64];
    rustix::fs::getxattr(file, "security.capability", &mut value[..]).is_ok()
}

fn check_elf(file: File) -> Result<(), String> {
    let cache = ReadCache::new(file);
    let read = ElfFile64::<Endianness, _>::parse(&cache);
    let object = match read {
        Ok(object) if object.architecture() == object::Architecture::X86_64 => object,
        _ => return Err("is no 64-bit x86 program, for which the library is".to_owned()),
    };
    let has = |name: &str| object.section_by_name(name).is_some();
    if has(".go.buildinfo") || has(".note.go.buildid") {
        return Err(
            "is written in Go, whose goroutines and locks are none of libc's: its own \
                    execution tracer and race detector (go build -race) see them"
                .to_owned(),
        );
    }
    let endian = object.endian();
    let mut headers = object.elf_program_headers().iter();
    let interpreter = headers.find(|header| header.p_type(endian) == elf::PT_INTERP);
    let Some(interpreter) = interpreter else {
        return Err(
            "is linked statically, so that nothing can be preloaded into it: link it \
                    dynamically, or build it with hbtrace cc"
                .to_owned(),
        );
    };
    let loader = interpreter.interpreter(endian, &cache).ok().flatten();
    let loader = String::from_utf8_lossy(loader.unwrap_or_default());
    match loader.contains("ld-linux") {
        true => Ok(()),
        false => Err(format!(
            "is loaded by {loader}, which has another libc than the library"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_name_their_programs() {
        let of = |line: &str| interpreters(line.as_bytes());
        assert_eq!(of("#!/bin/sh\necho"), [Path::new("/bin/sh")]);
        assert_eq!(of("#! /bin/sh -e"), [Path::new("/bin/sh")]);
        let env = [Path::new("/usr/bin/env"), Path::new("python3")];
        assert_eq!(of("#!/usr/bin/env -S A=1 python3 -u"), env);
        assert!(of("#!").is_empty());
    }

    #[test]
    fn programs_of_this_machine_can_be_recorded() {
        let own = env::current_exe().expect("a test has a file");
        assert_eq!(check(&own, MAX_SCRIPTS), Ok(()));
    }
}
