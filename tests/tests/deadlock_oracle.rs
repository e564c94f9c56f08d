//! Random traces: the analyzer's deadlocks are exactly the oracle's.
//!
//! `HBTRACE_CASES` is the number of cases (default 3000), `HBTRACE_SEED` the
//! first seed. A failure prints the trace after removing every line that it
//! does not need.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::collections::BTreeSet;
use std::path::Path;

use hbtrace_analyzer::finding::Deadlock;
use hbtrace_analyzer::{Options, analyze};
use hbtrace_tests::deadlock::generate::generate;
use hbtrace_tests::deadlock::oracle::{self, Key, Truth};
use hbtrace_tests::generate::Random;
use hbtrace_traces::{read, text};

fn variable(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

fn key(deadlock: &Deadlock) -> Key {
    let length = deadlock.cycle.len();
    let step = |at: usize| {
        let previous = &deadlock.cycle[(at + length - 1) % length];
        let step = &deadlock.cycle[at];
        (
            previous.acquires.clone(),
            step.acquires.clone(),
            step.site.clone(),
        )
    };
    (0..length).map(step).collect()
}

/// What differs; `None` if nothing does, or if it is no trace.
fn difference(text: &str) -> Option<String> {
    let trace = text::parse(
        Path::new("x.std"),
        text.as_bytes(),
        read::Options::default(),
    )
    .ok()?;
    let findings = analyze(&trace, &Options::default());
    let truth = oracle::deadlocks(text);
    let (actual, potential): (Vec<_>, Vec<_>) = findings
        .deadlocks
        .iter()
        .partition(|deadlock| deadlock.actual);
    let actual_keys: BTreeSet<Key> = actual.iter().map(|deadlock| key(deadlock)).collect();
    let found: BTreeSet<Key> = potential.iter().map(|deadlock| key(deadlock)).collect();
    let expected: BTreeSet<Key> = truth.potential.difference(&actual_keys).cloned().collect();
    if found != expected || found.len() != potential.len() {
        return Some(format!(
            "potential\n  found    {found:?}\n  expected {expected:?}"
        ));
    }
    wrong_actual(&actual, &truth)
}

/// Every cycle must be one of waits. Every thread that is locked up must be
/// told, or one that wants the same lock at the same place.
fn wrong_actual(actual: &[&Deadlock], truth: &Truth) -> Option<String> {
    let mut told = BTreeSet::new();
    for deadlock in actual {
        for (at, step) in deadlock.cycle.iter().enumerate() {
            let next = &deadlock.cycle[(at + 1) % deadlock.cycle.len()];
            told.insert((step.acquires.clone(), step.site.clone()));
            let waits = (step.thread.clone(), next.thread.clone());
            if !truth.waits.contains(&waits) {
                return Some(format!("{} does not wait for {}", step.thread, next.thread));
            }
        }
    }
    let missing = truth
        .locked_up
        .iter()
        .find(|(_, wanted)| !told.contains(*wanted));
    missing.map(|(thread, _)| format!("{thread} is locked up, which is not told"))
}

/// Removes lines while a difference stays.
fn least(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let mut at = 0;
    while at < lines.len() {
        let mut fewer = lines.clone();
        fewer.remove(at);
        let text: String = fewer.iter().map(|line| format!("{line}\n")).collect();
        if difference(&text).is_some() {
            lines = fewer;
            at = 0;
        } else {
            at += 1;
        }
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn deadlocks_are_those_of_the_oracle() {
    let first = variable("HBTRACE_SEED", 1);
    let (mut potential, mut locked_up, mut refused) = (0, 0, 0);
    let cases = variable("HBTRACE_CASES", 3000);
    for seed in first..first + cases {
        let mut random = Random::new(seed);
        let lines = 20 + random.below(60);
        let text = generate(&mut random, lines);
        let parsed = text::parse(
            Path::new("x.std"),
            text.as_bytes(),
            read::Options::default(),
        );
        if let Err(error) = parsed {
            refused += 1;
            assert!(refused <= cases / 10, "{error}\n{text}");
            continue;
        }
        if let Some(difference) = difference(&text) {
            let least = least(&text);
            let reason = self::difference(&least).unwrap_or(difference);
            panic!("seed {seed}: {reason}\n{least}");
        }
        let truth = oracle::deadlocks(&text);
        potential += u64::from(!truth.potential.is_empty());
        locked_up += u64::from(!truth.locked_up.is_empty());
    }
    println!(
        "{cases} cases: {potential} with potential deadlocks, {locked_up} locked up, {refused} \
         refused"
    );
    // The traces are worth something only if they hold what is looked for.
    assert!(cases < 100 || (potential > cases / 10 && locked_up > cases / 50));
}
