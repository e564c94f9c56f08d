//! The example service under its load generator, as a side of a comparison.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::processor::Usage;

/// Keeps glibc's allocator from giving memory back between requests. Whether a
/// request ends on the side of giving back depends on where the few blocks that
/// live on happen to lie: the same work took 50,000 page faults with std's types
/// and 140,000 with the mirrors without a session, a quarter of all CPU time, and
/// 1,400 each with these.
const ALLOCATOR: [(&str, &str); 2] = [
    ("MALLOC_TOP_PAD_", "67108864"),
    ("MALLOC_TRIM_THRESHOLD_", "268435456"),
];

/// How the service runs.
#[derive(Clone, Copy)]
pub struct Kind {
    /// Its name in tables.
    pub name: &'static str,
    /// Built with the feature `record`.
    pub mirrors: bool,
    /// Records.
    pub records: bool,
    /// Accesses to stored values are told.
    pub accesses: bool,
    /// Its CPU per request may be at most so many times that of std's types.
    pub most: Option<f64>,
}

/// All kinds; the first is what the others are held against.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "std's types",
        mirrors: false,
        records: false,
        accesses: false,
        most: None,
    },
    Kind {
        name: "mirrors, no session",
        mirrors: true,
        records: false,
        accesses: false,
        most: None,
    },
    Kind {
        name: "recorded, sync events",
        mirrors: true,
        records: true,
        accesses: false,
        most: Some(1.03),
    },
    Kind {
        name: "recorded, and accesses",
        mirrors: true,
        records: true,
        accesses: true,
        most: Some(1.10),
    },
];

/// What the load is.
#[derive(Clone, Copy)]
pub struct Load {
    /// Clients, each with a connection of its own.
    pub clients: u32,
    /// Requests of each.
    pub requests: u32,
}

/// What one run used.
pub struct Run {
    /// CPU time of the service for one request.
    pub cpu: Duration,
    /// Latencies in nanoseconds, and how often each came.
    pub latencies: BTreeMap<u64, u64>,
    /// The trace, where it recorded.
    pub trace: Option<PathBuf>,
}

/// The programs, built.
pub struct Programs {
    native: PathBuf,
    mirrors: PathBuf,
}

impl Programs {
    /// Builds the service with and without the feature `record`, below the
    /// folder of this program.
    ///
    /// # Errors
    /// If cargo can't.
    pub fn build() -> io::Result<Programs> {
        let target = std::env::current_exe()?;
        let target = target.ancestors().nth(3).unwrap_or(Path::new("target"));
        let build = |name: &str, features: &[&str]| {
            let folder = target.join("bench-service").join(name);
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            let status = Command::new(cargo)
                .args(["build", "--release", "--quiet", "--package"])
                .arg("hbtrace-service")
                .args(features)
                .arg("--target-dir")
                .arg(&folder)
                .current_dir(env!("CARGO_MANIFEST_DIR"))
                .status()?;
            match status.success() {
                true => Ok(folder.join("release")),
                false => Err(io::Error::other("the service does not build")),
            }
        };
        Ok(Programs {
            native: build("native", &["--no-default-features"])?,
            mirrors: build("mirrors", &[])?,
        })
    }

    /// Runs the service once, with its files in `folder`.
    ///
    /// # Errors
    /// If the service or the load generator fails.
    pub fn run(&self, kind: Kind, load: Load, folder: &Path) -> io::Result<Run> {
        let trace = kind.records.then(|| folder.join("service.trace"));
        let mut service = self.command(kind, folder);
        match &trace {
            Some(trace) => service.env("HBTRACE_OUT", trace),
            None => service.env_remove("HBTRACE_OUT"),
        };
        let mut service = service.stdout(Stdio::piped()).spawn()?;
        let out = service.stdout.take();
        let out = out.ok_or_else(|| io::Error::other("no pipe to the service"))?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening on ").unwrap_or("");
        let latencies = folder.join("latencies");
        // The same load generator for all.
        let status = Command::new(self.native.join("session-load"))
            .arg(format!("http://{address}"))
            .args(["--clients", &load.clients.to_string()])
            .args(["--requests", &load.requests.to_string()])
            .args(["--fill", "--latencies"])
            .arg(&latencies)
            .stdout(Stdio::null())
            .status()?;
        let before = Usage::of_children();
        if !status.success() || !service.wait()?.success() {
            return Err(io::Error::other(format!("{}: the run failed", kind.name)));
        }
        let used = Usage::of_children().since(&before);
        Ok(Run {
            cpu: used.cpu() / (load.clients * load.requests).max(1),
            latencies: read_latencies(&latencies)?,
            trace,
        })
    }

    fn command(&self, kind: Kind, folder: &Path) -> Command {
        let programs = match kind.mirrors {
            true => &self.mirrors,
            false => &self.native,
        };
        let mut command = Command::new(programs.join("session-service"));
        command.envs(ALLOCATOR);
        command.arg("--journal").arg(folder.join("journal.log"));
        if kind.accesses {
            command.arg("--tell-values");
        }
        command
    }
}

fn read_latencies(path: &Path) -> io::Result<BTreeMap<u64, u64>> {
    let mut latencies = BTreeMap::new();
    for line in fs::read_to_string(path)?.lines() {
        if let Some((value, count)) = line.split_once(' ')
            && let (Ok(value), Ok(count)) = (value.parse(), count.parse::<u64>())
        {
            *latencies.entry(value).or_insert(0) += count;
        }
    }
    Ok(latencies)
}

/// The latency that a share of all does not exceed.
#[must_use]
pub fn quantile(latencies: &BTreeMap<u64, u64>, share: f64) -> Duration {
    let all: u64 = latencies.values().sum();
    let rank = (all as f64 * share).ceil() as u64;
    let mut seen = 0;
    let found = latencies.iter().find(|(_, count)| {
        seen += **count;
        seen >= rank
    });
    Duration::from_nanos(found.map_or(0, |(value, _)| *value))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::quantile;

    #[test]
    fn quantiles_are_values_that_came() {
        let latencies = BTreeMap::from([(10, 98), (20, 1), (3_000, 1)]);
        assert_eq!(quantile(&latencies, 0.5), Duration::from_nanos(10));
        assert_eq!(quantile(&latencies, 0.99), Duration::from_nanos(20));
        assert_eq!(quantile(&latencies, 0.999), Duration::from_nanos(3_000));
        assert_eq!(quantile(&BTreeMap::new(), 0.5), Duration::ZERO);
    }
}
