//! Random traces: the analyzer's races are exactly the oracle's, whatever the
//! number of workers.
//!
//! `HBTRACE_CASES` is the number of cases (default 3000), `HBTRACE_SEED` the
//! first seed. A failure prints the trace after removing every line that it
//! does not need.

#[path = "oracle/examples.rs"]
mod examples;

use std::collections::BTreeMap;
use std::path::Path;

use hbtrace_analyzer::finding::Race;
use hbtrace_analyzer::race;
use hbtrace_tests::generate::{MIXES, Mix, Random, generate};
use hbtrace_tests::oracle::{self, Counts, Side};
use hbtrace_traces::read::Options;
use hbtrace_traces::text;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// All racy pairs of sides.
type Sides = BTreeMap<(Side, Side), Counts>;

/// Numbers of workers that must agree.
const WORKERS: [usize; 3] = [1, 2, 8];

fn variable(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// `Ok` if all agree, `Err` with what differs; `None` if it is no trace.
fn compare(pools: &[ThreadPool], text: &str) -> Option<Result<(), String>> {
    let trace = text::parse(Path::new("case.std"), text.as_bytes(), Options::default()).ok()?;
    let outputs: Vec<Vec<Race>> = pools
        .iter()
        .map(|pool| pool.install(|| race::analyze(&trace)))
        .collect();
    for (workers, output) in WORKERS.iter().zip(&outputs) {
        if format!("{output:?}") != format!("{:?}", outputs[0]) {
            return Some(Err(format!("{workers} workers find something else than 1")));
        }
    }
    if let Err(why) = examples::check(&trace, &outputs[0]) {
        return Some(Err(why));
    }
    let ours: Sides = outputs[0].iter().map(oracle::told).collect();
    let truth = oracle::races(text);
    if ours.len() != outputs[0].len() {
        return Some(Err("a pair of sides is reported twice".to_owned()));
    }
    if ours == truth {
        return Some(Ok(()));
    }
    let only = |one: &Sides, other: &Sides| {
        one.iter()
            .filter(|(key, counts)| other.get(key) != Some(counts))
            .map(|entry| format!("\n    {entry:?}"))
            .collect::<String>()
    };
    Some(Err(format!(
        "  only the analyzer:{}\n  only the oracle:{}",
        only(&ours, &truth),
        only(&truth, &ours)
    )))
}

/// Removes lines as long as the rest still fails.
fn shrink(text: &str, fails: impl Fn(&str) -> bool) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let mut size = lines.len() / 2;
    while size > 0 {
        let mut at = 0;
        let before = lines.len();
        while at < lines.len() {
            let mut fewer = lines.clone();
            fewer.drain(at..(at + size).min(fewer.len()));
            if fails(&fewer.join("\n")) {
                lines = fewer;
            } else {
                at += size;
            }
        }
        if size > 1 || lines.len() == before {
            size /= 2;
        }
    }
    lines.join("\n")
}

fn pools() -> Vec<ThreadPool> {
    let pool = |workers| ThreadPoolBuilder::new().num_threads(workers).build();
    WORKERS
        .iter()
        .map(|workers| pool(*workers).expect("threads"))
        .collect()
}

fn check(pools: &[ThreadPool], mix: &Mix, seed: u64) {
    let mut random = Random::new(seed);
    let lines = 10 + random.below(90);
    let text = generate(mix, random.bits(), lines);
    match compare(pools, &text) {
        Some(Ok(())) => {}
        Some(Err(_)) => {
            let differs = |text: &str| matches!(compare(pools, text), Some(Err(_)));
            let small = shrink(&text, differs);
            let why = compare(pools, &small).and_then(Result::err);
            panic!(
                "mix {}, seed {seed}:\n{small}\n{}",
                mix.name,
                why.unwrap_or_default()
            );
        }
        None => {
            let error = text::parse(Path::new("case.std"), text.as_bytes(), Options::default());
            let error = error.expect_err("it was refused");
            panic!("mix {}, seed {seed}: {error}\n{text}", mix.name);
        }
    }
}

#[test]
fn races_are_exactly_the_oracles() {
    let pools = pools();
    let (cases, first) = (variable("HBTRACE_CASES", 3000), variable("HBTRACE_SEED", 0));
    for seed in first..first + cases {
        let mix = &MIXES[seed as usize % MIXES.len()];
        check(&pools, mix, seed);
    }
}
