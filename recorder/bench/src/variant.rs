//! The sides of a comparison: a flavour and how it is started.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use hbtrace_traces::format::layout::header;

use crate::child::Side;
use crate::variables;

/// What a side is called in tables and how it is started.
#[derive(Clone)]
pub struct Variant {
    /// Its name in tables.
    pub name: &'static str,
    /// The flavour of this program, or the path of another program.
    pub program: Program,
    /// The variables that it is started with; `HBTRACE_OUT` is added where
    /// it records.
    pub variables: Vec<(&'static str, String)>,
    /// Whether it records.
    pub records: bool,
    /// Whether the system has to leave its addresses as they were linked.
    pub fixed: bool,
}

/// What a side runs.
#[derive(Clone)]
pub enum Program {
    /// A flavour of this program.
    Flavour(&'static str),
    /// Another program that speaks the protocol.
    Other(PathBuf),
}

impl Variant {
    /// A flavour that records nothing.
    #[must_use]
    pub fn plain(name: &'static str, flavour: &'static str) -> Variant {
        Variant {
            name,
            program: Program::Flavour(flavour),
            variables: Vec::new(),
            records: false,
            fixed: false,
        }
    }

    /// Another program that speaks the protocol.
    #[must_use]
    pub fn other(name: &'static str, program: PathBuf) -> Variant {
        Variant {
            program: Program::Other(program),
            ..Variant::plain(name, "")
        }
    }

    /// Without randomised addresses, which some runtimes can't do with.
    #[must_use]
    pub fn without_aslr(mut self) -> Variant {
        self.fixed = true;
        self
    }

    /// The mirrors, recording, with more variables.
    #[must_use]
    pub fn recording(name: &'static str, variables: &[(&'static str, &str)]) -> Variant {
        let variables = variables.iter().map(|(key, value)| (*key, (*value).into()));
        Variant {
            name,
            program: Program::Flavour("mirrors"),
            variables: variables.collect(),
            records: true,
            fixed: false,
        }
    }

    /// The file that it records into.
    #[must_use]
    pub fn trace(&self, folder: &Path) -> PathBuf {
        folder.join(format!("bench-{}-{}.trace", std::process::id(), self.name))
    }

    /// The command that starts it.
    ///
    /// # Errors
    /// If this program's own path is not known.
    pub fn command(&self, folder: &Path) -> io::Result<Command> {
        let program = match &self.program {
            Program::Other(path) => path.clone(),
            Program::Flavour(_) => std::env::current_exe()?,
        };
        let mut command = match self.fixed {
            true => Command::new("setarch"),
            false => Command::new(&program),
        };
        if self.fixed {
            command.arg("--addr-no-randomize").arg(&program);
        }
        if let Program::Flavour(flavour) = self.program {
            command.env(variables::FLAVOUR, flavour);
        }
        for unwanted in ["HBTRACE_OUT", "HBTRACE_TIME", "HBTRACE_FLIGHT"] {
            command.env_remove(unwanted);
        }
        if self.records {
            command.env("HBTRACE_OUT", self.trace(folder));
        }
        command.env(variables::FOLDER, folder);
        command.envs(self.variables.iter().map(|(key, value)| (key, value)));
        Ok(command)
    }

    /// Starts it.
    ///
    /// # Errors
    /// If that fails.
    pub fn start(&self, folder: &Path) -> io::Result<Side> {
        Side::start(self.command(folder)?)
    }

    /// Removes what it recorded.
    ///
    /// # Errors
    /// If a side that records did not: its figures would be those of a program
    /// that goes on unrecorded.
    pub fn clean(&self, folder: &Path) -> io::Result<()> {
        if !self.records {
            return Ok(());
        }
        let trace = self.trace(folder);
        let is_closed = header_word(&trace, header::STATE)? == 1;
        std::fs::remove_file(trace)?;
        match is_closed {
            true => Ok(()),
            false => Err(io::Error::other(format!("{} did not record", self.name))),
        }
    }
}

/// A word of a trace's header.
fn header_word(trace: &Path, at: usize) -> io::Result<u32> {
    let mut word = [0; 4];
    File::open(trace)?.read_exact_at(&mut word, at as u64)?;
    Ok(u32::from_le_bytes(word))
}
