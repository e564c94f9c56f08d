//! Instructions of rounds, counted by callgrind.
//!
//! A child runs under valgrind and is asked for rounds as any child is.
//! Callgrind counts only within [`child::ROUND`], only on the thread that runs
//! it, and writes a file before each answer. Two rounds of different length are
//! compared, so that what comes once in a round (objects, places and chunks seen
//! for the first time, the operations that warm it up) cancels out.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::child;
use crate::variant::Variant;

/// Operations of the short round.
const SHORT: u32 = 10_000;
/// More operations of the long one: several chunks of events.
const MORE: u32 = 131_072;

/// Whether valgrind is there.
#[must_use]
pub fn is_there() -> bool {
    let version = Command::new("valgrind").arg("--version").output();
    version.is_ok_and(|output| output.status.success())
}

/// Instructions per operation of each of `rows`.
///
/// # Errors
/// If the child fails, or does not have a row.
pub fn count(variant: &Variant, rows: &[&'static str], folder: &Path) -> io::Result<Vec<f64>> {
    let place = Place::new(folder, variant.name)?;
    let mut side = child::Side::start(place.command(variant, folder, &[])?)?;
    for row in rows {
        for count in [SHORT, SHORT, SHORT + MORE] {
            side.ask(row, count)?
                .ok_or_else(|| io::Error::other(format!("{} has no {row}", variant.name)))?;
        }
    }
    side.end()?;
    variant.clean(folder)?;
    let totals = place.totals()?;
    let rounds = totals.chunks_exact(3);
    let each = rounds.map(|round| (round[2] - round[1]) / f64::from(MORE));
    let each: Vec<f64> = each.collect();
    match each.len() == rows.len() {
        true => Ok(each),
        false => Err(io::Error::other("callgrind counted other rounds")),
    }
}

/// The instructions that each operation of `row` runs through, as `objdump`
/// shows them.
///
/// # Errors
/// If the child or `objdump` fails.
pub fn listing(variant: &Variant, row: &'static str, folder: &Path) -> io::Result<Vec<String>> {
    let place = Place::new(folder, "listing")?;
    let mut command = place.command(variant, folder, &["--dump-instr=yes", "--dump-line=no"])?;
    let mut side = child::Side::start(command)?;
    side.ask(row, SHORT)?;
    side.end()?;
    variant.clean(folder)?;
    let hot = place.executed()?;
    let program = std::env::current_exe()?;
    command = Command::new("objdump");
    command.args([
        "--disassemble",
        "--no-show-raw-insn",
        "--demangle",
        "--wide",
    ]);
    let text = command.arg(program).output()?.stdout;
    let text = String::from_utf8_lossy(&text);
    let lines = text.lines().filter(|line| {
        let address = line.split_once(':').map(|(address, _)| address.trim());
        let address = address.and_then(|text| u64::from_str_radix(text, 16).ok());
        let times = address.and_then(|address| hot.get(&address));
        times.is_some_and(|times| *times >= u64::from(SHORT) - u64::from(SHORT) / 100)
    });
    Ok(lines
        .map(|line| line.trim_end().replace('\t', " "))
        .collect())
}

/// Where callgrind puts its files.
struct Place(PathBuf);

impl Place {
    fn new(folder: &Path, name: &str) -> io::Result<Place> {
        let place = folder.join(format!("callgrind-{}-{name}", std::process::id()));
        fs::create_dir_all(&place)?;
        Ok(Place(place))
    }

    fn command(&self, variant: &Variant, folder: &Path, more: &[&str]) -> io::Result<Command> {
        let plain = variant.command(folder)?;
        let mut command = Command::new("valgrind");
        command
            .args(["--tool=callgrind", "--quiet", "--compress-pos=no"])
            .args(more)
            .arg(format!("--toggle-collect={}", child::ROUND))
            .arg(format!("--dump-before={}", child::ANSWER))
            .arg(format!(
                "--callgrind-out-file={}",
                self.0.join("out").display()
            ))
            .arg(plain.get_program());
        for (key, value) in plain.get_envs() {
            match value {
                Some(value) => command.env(key, value),
                None => command.env_remove(key),
            };
        }
        command.stderr(Stdio::null());
        Ok(command)
    }

    /// How often each instruction was executed, by its address in its file.
    fn executed(&self) -> io::Result<BTreeMap<u64, u64>> {
        let mut executed = BTreeMap::new();
        for entry in fs::read_dir(&self.0)? {
            let text = fs::read_to_string(entry?.path())?;
            let mut lines = text.lines();
            while let Some(line) = lines.next() {
                if line.starts_with("calls=") {
                    // What the call costs within: counted there.
                    lines.next();
                } else if let Some((address, times)) = line.split_once(' ')
                    && let Some(address) = address.strip_prefix("0x")
                    && let Ok(address) = u64::from_str_radix(address, 16)
                    && let Some(Ok(times)) = times.split(' ').next_back().map(str::parse::<u64>)
                {
                    *executed.entry(address).or_insert(0) += times;
                }
            }
        }
        Ok(executed)
    }

    /// The totals of all files, in the order in which they were written.
    fn totals(&self) -> io::Result<Vec<f64>> {
        let mut totals = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let text = fs::read_to_string(entry?.path())?;
            let of = |key: &str| {
                let line = text.lines().find_map(|line| line.strip_prefix(key))?;
                line.trim().parse::<f64>().ok()
            };
            // The last part is what came after the last round.
            if let (Some(part), Some(total)) = (of("part: "), of("totals: ")) {
                totals.push((part, total));
            }
        }
        totals.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(totals.into_iter().map(|(_, total)| total).collect())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
