//! Damaged `.trace` files through every command. Nothing may panic, hang, or
//! take memory without bound; what is wrong is an error or a warning.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use hbtrace_traces::read::{self, Options};
use hbtrace_traces::write;

/// Damaged variants of each file: enough to meet every field of it, and more by
/// `HBTRACE_DAMAGE`.
const VARIANTS: usize = 4;

/// A simple generator: the cases are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

/// The samples as bytes of `.trace` files.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let samples = Path::new("../traces/samples");
    let entries = std::fs::read_dir(samples).expect("a folder of samples");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        let bytes = match path.extension().and_then(|extension| extension.to_str()) {
            Some("trace") => std::fs::read(&path).expect("a sample"),
            Some("std") => {
                let converted = folder.join("converted.trace");
                let trace = read::open(&path, Options::default()).expect("a sample");
                write::write(&trace, &converted).expect("written");
                std::fs::read(&converted).expect("read")
            }
            _ => continue,
        };
        files.push((path, bytes));
    }
    files
}

/// Damages a few bytes near others that are used.
fn damage(bytes: &[u8], used: &[usize], random: &mut Random) -> Vec<u8> {
    let mut damaged = bytes.to_vec();
    for _ in 0..=random.below(4) {
        let at = used[random.below(used.len())].saturating_add(random.below(3));
        let value = random.below(256) as u8;
        let choice = random.below(4);
        let Some(byte) = damaged.get_mut(at) else {
            continue;
        };
        *byte = match choice {
            0 => *byte ^ 1 << (value % 8),
            1 => 0xff,
            2 => byte.wrapping_add(1),
            _ => value,
        };
    }
    if random.below(8) == 0 {
        damaged.truncate(random.below(damaged.len()));
    }
    damaged
}

/// The codes of all commands.
fn codes(trace: &Path, folder: &Path) -> Vec<u8> {
    let copy = folder.join("copy.trace");
    let (trace, copy) = (trace.display().to_string(), copy.display().to_string());
    let commands: [&[&str]; 5] = [
        &["info", &trace],
        &["analyze", &trace, "--format", "json", "--jobs", "1"],
        &["analyze", &trace, "--format", "svg", "--jobs", "1"],
        &["dump", &trace],
        &["convert", &trace, &copy],
    ];
    let codes = commands.iter().map(|command| {
        let arguments = ["hbtrace"].iter().chain(command.iter());
        hbtrace_cli::run(arguments, &mut Vec::new(), &mut Vec::new())
    });
    codes.collect()
}

#[test]
fn no_damage_panics_or_is_wrong_usage() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("damaged.trace");
    let variants = std::env::var("HBTRACE_DAMAGE").ok();
    let variants = variants.and_then(|it| it.parse().ok()).unwrap_or(VARIANTS);
    for (name, bytes) in files(folder.path()) {
        let used: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for variant in 0..variants {
            let damaged = damage(&bytes, &used, &mut random);
            std::fs::write(&path, damaged).expect("written");
            let codes = catch_unwind(AssertUnwindSafe(|| codes(&path, folder.path())));
            let name = name.display();
            let codes = codes.unwrap_or_else(|_| panic!("{name}, variant {variant} panicked"));
            let lawful = codes.iter().all(|code| [0, 1, 3, 4].contains(code));
            assert!(lawful, "{name}, variant {variant}: {codes:?}");
        }
    }
}
