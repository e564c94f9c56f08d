//! Damaged trace files: whatever bytes are wrong, every command ends with one
//! of its exit codes, and never with a panic.
//!
//! `HBTRACE_CASES` is the number of damaged files (default 3000, of which one
//! in ten is tried), `HBTRACE_SEED` the first seed.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use hbtrace_cli::exit_codes;
use hbtrace_tests::deadlock;
use hbtrace_tests::generate::{MIXES, Random, generate};

fn variable(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

fn hbtrace(arguments: &[&str]) -> u8 {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let arguments = ["hbtrace"].iter().chain(arguments);
    hbtrace_cli::run(arguments, &mut out, &mut err)
}

/// A random trace as a file; `None` if the text is refused.
fn whole(random: &mut Random, folder: &Path) -> Option<Vec<u8>> {
    let text = if random.chance(30) {
        deadlock::generate::generate(random, 80)
    } else {
        let mix = &MIXES[random.below(MIXES.len())];
        generate(mix, random.bits(), 60)
    };
    let (from, to) = (folder.join("x.std"), folder.join("x.trace"));
    fs::write(&from, text).unwrap();
    let converted = hbtrace(&["convert", from.to_str().unwrap(), to.to_str().unwrap()]);
    (converted == exit_codes::OK).then(|| fs::read(&to).unwrap())
}

/// Some bytes changed, most of them where something is written; sometimes the
/// end cut off.
fn damage(random: &mut Random, bytes: &mut Vec<u8>) {
    let used: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
    for _ in 0..1 + random.below(8) {
        let at = if random.chance(80) {
            used[random.below(used.len())]
        } else {
            random.below(bytes.len())
        };
        bytes[at] = match random.below(4) {
            0 => 0,
            1 => 0xff,
            2 => bytes[at] ^ (1 << random.below(8)),
            _ => random.bits() as u8,
        };
    }
    if random.chance(10) {
        bytes.truncate(random.below(bytes.len()));
    }
}

#[test]
fn damaged_files_are_refused_or_analysed() {
    let folder = tempfile::tempdir().unwrap();
    let damaged = folder.path().join("damaged.trace");
    let kept = folder.path().join("kept.trace");
    let path = damaged.to_str().unwrap();
    let (mut refused, mut analysed) = (0, 0);
    let first = variable("HBTRACE_SEED", 1);
    for seed in first..first + variable("HBTRACE_CASES", 3000) / 10 {
        let mut random = Random::new(seed);
        let Some(mut bytes) = whole(&mut random, folder.path()) else {
            continue;
        };
        damage(&mut random, &mut bytes);
        fs::write(&damaged, &bytes).unwrap();
        for command in ["analyze", "info", "dump"] {
            let ran = catch_unwind(AssertUnwindSafe(|| hbtrace(&[command, path])));
            let code = ran.unwrap_or_else(|_| {
                fs::rename(&damaged, &kept).unwrap();
                let folder = folder.path().display();
                panic!("seed {seed}: {command} panicked on {folder}/kept.trace")
            });
            let lawful = [
                exit_codes::OK,
                exit_codes::FINDINGS,
                exit_codes::NO_TRACE,
                exit_codes::EMPTY,
            ];
            assert!(
                lawful.contains(&code),
                "seed {seed}: {command}: exit code {code}"
            );
            refused += u64::from(code == exit_codes::NO_TRACE);
            analysed += u64::from(code <= exit_codes::FINDINGS);
        }
    }
    println!("{refused} runs refused the file, {analysed} went through");
}
