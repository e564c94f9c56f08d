//! A flight recording finds what the stream of the same execution finds, as far
//! as its window goes, and nothing else.
//!
//! Random text traces are recorded by a model both ways. What the flight
//! recording finds must be among what the slow oracle finds in the lines behind
//! the last one that is gone, and must hold all that it finds in the lines that
//! the format puts in the window. `HBTRACE_CASES` is the number of cases
//! (default 3000), `HBTRACE_SEED` the first seed.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use hbtrace_analyzer::finding::{Deadlock, Findings};
use hbtrace_analyzer::{Options, analyze};
use hbtrace_tests::deadlock;
use hbtrace_tests::flight::{Recording, record};
use hbtrace_tests::generate::{MIXES, Random, generate};
use hbtrace_tests::oracle::{self, Counts, Side};
use hbtrace_traces::trace::Trace;
use hbtrace_traces::{read, text, write};

type Sides = BTreeMap<(Side, Side), Counts>;

fn variable(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

fn races(findings: &Findings) -> Sides {
    findings.races.iter().map(oracle::told).collect()
}

/// What tells a deadlock apart: of each step the lock that the one before wants
/// of it, the lock that it wants, and where.
fn steps(deadlock: &Deadlock) -> Vec<(String, String, String)> {
    let cycle = &deadlock.cycle;
    let before = cycle.iter().cycle().skip(cycle.len() - 1);
    let steps = before.zip(cycle);
    steps
        .map(|(before, step)| {
            let (wanted, wants) = (before.acquires.clone(), step.acquires.clone());
            (wanted, wants, step.site.clone())
        })
        .collect()
}

fn deadlocks(findings: &Findings) -> BTreeSet<Vec<(String, String, String)>> {
    findings.deadlocks.iter().map(steps).collect()
}

/// Whether `one` holds all of `other`, with counts at least as large.
fn holds(one: &Sides, other: &Sides) -> bool {
    other.iter().all(|(sides, (locations, pairs))| {
        one.get(sides)
            .is_some_and(|found| found.0 >= *locations && found.1 >= *pairs)
    })
}

fn open(path: &Path, bytes: &[u8]) -> Result<Trace, String> {
    std::fs::write(path, bytes).unwrap();
    let trace = read::open(path, read::Options::default()).map_err(|error| error.to_string())?;
    match trace.info.truncated {
        true => Err(format!("{:?}", trace.info.warnings)),
        false => Ok(trace),
    }
}

/// How much a case has shown.
#[derive(Default, Debug)]
struct Shown {
    cases: u64,
    recycled: u64,
    races: u64,
    of: u64,
    missed: u64,
    deadlocks: u64,
}

/// The same findings after `dump` and `convert`.
fn rewritten(
    (lines, trace): (&str, &Trace),
    findings: &Findings,
    folder: &Path,
) -> Result<(), String> {
    let mut dumped = Vec::new();
    text::write(trace, &mut dumped).unwrap();
    let back = text::parse(Path::new("d.std"), &dumped, read::Options::default());
    // A text counts what a bounded channel or a barrier has seen from its own
    // beginning on.
    let counted = lines.contains("|chan(") || lines.contains("|barrier(");
    let converted = folder.join("converted.trace");
    write::write(trace, &converted).unwrap();
    let again = read::open(&converted, read::Options::default());
    for (what, trace) in [("dumped", back), ("converted", again)] {
        if what == "dumped" && counted {
            continue;
        }
        let trace = trace.map_err(|error| {
            let dumped = String::from_utf8_lossy(&dumped);
            format!("{what}: {error}\n{dumped}")
        })?;
        let found = analyze(&trace, &Options::default());
        if races(&found) != races(findings) {
            return Err(format!("{what}: {:?}", races(&found)));
        }
    }
    Ok(())
}

fn compare(lines: &str, made: &Recording, folder: &Path, shown: &mut Shown) -> Result<(), String> {
    let path = folder.join("x.trace");
    let whole = analyze(&open(&path, &made.stream)?, &Options::default());
    let trace = open(&path, &made.flight)?;
    let left = analyze(&trace, &Options::default());
    let (all, found) = (races(&whole), races(&left));
    // Lines count from 1 in the trace, from 0 in the oracle.
    let there = oracle::races_among(lines, |line| line + 1 > made.gone_until);
    let known = oracle::races_among(lines, |line| made.known[line + 1]);
    if !holds(&there, &found) || !holds(&all, &found) {
        return Err(format!("too much:\n{found:?}\nof {there:?}"));
    }
    if !holds(&found, &known) {
        return Err(format!("too little:\n{found:?}\nof {known:?}"));
    }
    let (cycles, of) = (deadlocks(&left), deadlocks(&whole));
    if !cycles.is_subset(&of) {
        return Err(format!("deadlocks:\n{cycles:?}\nof {of:?}"));
    }
    if made.gone_until == 0 && (found != all || cycles != of) {
        return Err("nothing is gone, and something else is found".to_owned());
    }
    rewritten((lines, &trace), &left, folder)?;
    shown.cases += 1;
    shown.recycled += u64::from(made.gone_until > 0);
    shown.races += found.len() as u64;
    shown.of += all.len() as u64;
    shown.missed += there.keys().filter(|key| !found.contains_key(key)).count() as u64;
    shown.deadlocks += cycles.len() as u64;
    Ok(())
}

fn check(seed: u64, folder: &Path, shown: &mut Shown) {
    let mut random = Random::new(seed);
    let length = 20 + random.below(160);
    let lines = match random.chance(20) {
        true => deadlock::generate::generate(&mut random, length),
        false => {
            let mix = &MIXES[random.below(MIXES.len())];
            generate(mix, random.bits(), length)
        }
    };
    let parsed = text::parse(
        Path::new("x.std"),
        lines.as_bytes(),
        read::Options::default(),
    );
    let made = parsed.ok().and_then(|trace| record(&trace, &mut random));
    let Some(made) = made else { return };
    if let Err(why) = compare(&lines, &made, folder, shown) {
        let numbered = lines.lines().enumerate();
        let numbered: String = numbered
            .map(|(at, line)| {
                let known = if made.known[at + 1] { '+' } else { ' ' };
                format!("{:4}{known} {line}\n", at + 1)
            })
            .collect();
        let trace = open(&folder.join("x.trace"), &made.flight);
        let mut dumped = Vec::new();
        let shown = trace.map(|trace| text::write(&trace, &mut dumped));
        let dumped = String::from_utf8_lossy(&dumped);
        panic!(
            "{shown:?} read as\n{dumped}\nseed {seed}, gone until line {}:\n{numbered}\n{why}",
            made.gone_until
        );
    }
}

#[test]
fn a_flight_recording_finds_what_its_window_holds_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut shown = Shown::default();
    let first = variable("HBTRACE_SEED", 0);
    for seed in first..first + variable("HBTRACE_CASES", 3000) {
        check(seed, folder.path(), &mut shown);
    }
    println!("{shown:?}");
    assert!(shown.recycled > 100 && shown.races > 100, "{shown:?}");
}
