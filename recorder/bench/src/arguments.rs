//! What all benches take on their command lines.

use std::path::PathBuf;

use clap::Parser;

/// Measures what recording costs.
#[derive(Clone, Debug, Parser)]
pub struct Arguments {
    /// Only rows (or parts) whose name contains one of these.
    pub filter: Vec<String>,
    /// Where traces are recorded into; removed afterwards.
    #[arg(long, default_value = "/dev/shm")]
    pub folder: PathBuf,
    /// Starts of the sides, for each row.
    #[arg(long, default_value_t = 5)]
    pub starts: u32,
    /// Rounds of each side for each start.
    #[arg(long, default_value_t = 81)]
    pub rounds: u32,
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

    /// Whether a row (or part) is asked for.
    #[must_use]
    pub fn wants(&self, name: &str) -> bool {
        self.filter.is_empty() || self.filter.iter().any(|part| name.contains(part.as_str()))
    }
}
