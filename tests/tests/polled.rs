//! What a recorder may leave out: a load that the thread has recorded already,
//! with nothing but loads since. Random traces with such loads in, and without
//! them, have the same races.

use std::collections::BTreeMap;
use std::path::Path;

use hbtrace_analyzer::race;
use hbtrace_tests::generate::{MIXES, Random, generate};
use hbtrace_tests::oracle::{self, Counts, Side};
use hbtrace_traces::read::Options;
use hbtrace_traces::text;

const CASES: u64 = 3000;

fn races(text: &str) -> BTreeMap<(Side, Side), Counts> {
    let trace = text::parse(Path::new("case.std"), text.as_bytes(), Options::default());
    let trace = trace.unwrap_or_else(|error| panic!("{error}\n{text}"));
    race::analyze(&trace).iter().map(oracle::told).collect()
}

/// A line's thread, its op, and the atomic or thread that it is about.
fn parts(line: &str) -> (&str, &str, &str) {
    let (thread, rest) = line.split_once('|').unwrap_or((line, ""));
    let op = rest.split_once('|').map_or(rest, |(op, _)| op);
    let (op, operands) = op.split_once('(').unwrap_or((op, ""));
    let first = operands.split([',', ')']).next().unwrap_or("");
    (thread, op, first)
}

/// The trace with loads repeated at random where they may be left out, and how
/// many these are.
fn repeated(text: &str, random: &mut Random) -> (String, usize) {
    let (mut out, mut count) = (String::new(), 0);
    // Loads that may be repeated.
    let mut open: Vec<&str> = Vec::new();
    for line in text.lines() {
        let (thread, op, operand) = parts(line);
        match op {
            "load" => open.push(line),
            "r" | "w" => {}
            // It ends what its thread repeats, a write what is read, and a join
            // what is told of a thread.
            _ => open.retain(|load| {
                let (loader, _, atomic) = parts(load);
                let overwrites = matches!(op, "store" | "rmw") && atomic == operand;
                let joined = op == "join" && loader == operand;
                op != "cut" && loader != thread && !overwrites && !joined
            }),
        }
        out.push_str(line);
        out.push('\n');
        if !open.is_empty() && random.below(2) == 0 {
            out.push_str(open[random.below(open.len())]);
            out.push('\n');
            count += 1;
        }
    }
    (out, count)
}

#[test]
fn loads_that_repeat_others_add_no_race_and_hide_none() {
    let (mut all, mut racy) = (0, 0);
    for seed in 0..CASES {
        let mut random = Random::new(seed);
        let mix = &MIXES[seed as usize % MIXES.len()];
        let lines = 10 + random.below(90);
        let text = generate(mix, random.bits(), lines);
        let (with, count) = repeated(&text, &mut random);
        let (without, with) = (races(&text), races(&with));
        assert_eq!(without, with, "mix {}, seed {seed}:\n{text}", mix.name);
        all += count;
        racy += usize::from(!without.is_empty());
    }
    assert!(
        all > 10_000 && racy > 500,
        "{all} repeated, {racy} with races"
    );
}
