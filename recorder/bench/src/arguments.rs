//! What all benches take on their command lines.

use std::fs;
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use clap::Parser;

/// Measures what recording costs.
#[derive(Clone, Debug, Parser)]
pub struct Arguments {
    /// Only rows (or parts) whose name contains one of these.
    pub filter: Vec<String>,
    /// Where traces are recorded into, and removed again; memory or the build's
    /// folder, by what is measured, where it is not given.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Starts of the sides, for each row.
    #[arg(long, default_value_t = 5)]
    pub starts: u32,
    /// Rounds of each side for each start.
    #[arg(long, default_value_t = 81)]
    pub rounds: u32,
    /// Seconds after which a row is done with fewer rounds.
    #[arg(long, default_value_t = 20.0)]
    pub seconds: f64,
    /// Pairs of runs of the service.
    #[arg(long, default_value_t = 30)]
    pub pairs: u32,
    /// MiB of accesses in a sustained recording.
    #[arg(long, default_value_t = 2048)]
    pub mib: u64,
    /// Cargo says so of `cargo bench`; without it everything is kept short.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Arguments {
    /// This program's arguments. Outside `cargo bench` all is short, so that
    /// it only shows that it works.
    #[must_use]
    pub fn of_this_program() -> Arguments {
        let mut arguments = Arguments::parse();
        if !arguments.bench {
            (arguments.starts, arguments.rounds) = (1, 5);
            (arguments.pairs, arguments.mib) = (1, 16);
        }
        arguments
    }

    /// A fresh folder for traces: in memory, where nothing is given.
    ///
    /// # Errors
    /// If it can't be made.
    pub fn folder_in_memory(&self) -> io::Result<Folder> {
        Folder::new(self.folder.as_deref().unwrap_or(Path::new("/dev/shm")))
    }

    /// A fresh folder for traces: on the disk of the build, where nothing is
    /// given.
    ///
    /// # Errors
    /// If it can't be made.
    pub fn folder_on_disk(&self) -> io::Result<Folder> {
        let program = std::env::current_exe()?;
        let build = program.parent().unwrap_or(Path::new("."));
        Folder::new(self.folder.as_deref().unwrap_or(build))
    }

    /// Whether a row (or part) is asked for.
    #[must_use]
    pub fn wants(&self, name: &str) -> bool {
        self.filter.is_empty() || self.filter.iter().any(|part| name.contains(part.as_str()))
    }
}

/// A folder that is removed, with all that is in it, when this is dropped.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    fn new(within: &Path) -> io::Result<Folder> {
        let path = within.join(format!("hbtrace-bench-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Folder(path))
    }
}

impl Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
