//! What a figure needs beside it: the machine, its load, and the command.
#![allow(clippy::print_stdout)]

use std::fs;
use std::path::Path;
use std::process::Command;

/// Prints the machine, what else it does, and the command.
pub fn describe(folder: &Path) {
    println!("- command: `{}`", command());
    println!("- processor: {}, {} CPUs", processor(), cpus());
    println!("- system: Linux {}", line("/proc/sys/kernel/osrelease"));
    println!("- compiler: {}", said("rustc", &["--version"]));
    println!("- files on: {}", file_system(folder));
    println!("- at: {}", said("date", &["-u", "+%Y-%m-%d %H:%M UTC"]));
    load("before");
}

/// Prints the load averages of the last 1, 5 and 15 minutes.
pub fn load(when: &str) {
    let text = line("/proc/loadavg");
    let averages: Vec<&str> = text.split(' ').take(3).collect();
    println!("- load {when}: {}", averages.join(" "));
}

fn command() -> String {
    let program = std::env::args().next().unwrap_or_default();
    let bench = Path::new(&program)
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default();
    // Cargo adds a hash to the name.
    let bench = bench
        .rsplit_once('-')
        .map_or(bench.as_str(), |(name, _)| name);
    let features = if cfg!(feature = "peers") {
        " --features peers"
    } else {
        ""
    };
    let mut command = format!("cargo bench -p hbtrace-bench --bench {bench}{features}");
    let rest: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    if !rest.is_empty() {
        command.push_str(&format!(" -- {}", rest.join(" ")));
    }
    command
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let of = |key: &str| {
        let line = text.lines().find(|line| line.starts_with(key))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let number = |key| of(key).unwrap_or_else(|| "?".into());
    format!(
        "{} (family {}, model {})",
        number("model name"),
        number("cpu family"),
        number("model\t")
    )
}

fn cpus() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Free bytes of the file system that holds `folder`.
#[must_use]
pub fn room(folder: &Path) -> Option<u64> {
    let folder = folder.to_string_lossy();
    let text = said("df", &["--block-size=1", "--output=avail", &folder]);
    text.lines().last()?.trim().parse().ok()
}

/// The type of the mount that holds `folder`: of those above it, the longest.
fn file_system(folder: &Path) -> String {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((words.next()?, words.next()?))
    });
    let above = mounts.filter(|(place, _)| folder.starts_with(place));
    above
        .max_by_key(|(place, _)| place.len())
        .map_or("?".into(), |(_, kind)| kind.to_owned())
}

fn line(path: &str) -> String {
    fs::read_to_string(path).map_or_else(|_| "?".into(), |text| text.trim().to_owned())
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(
        |_| "?".into(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
