//! What races does not depend on which lawful order a trace is replayed in.
//!
//! A text is replayed in the order of its lines; without their places, replay
//! has only the numbers of the events to go by, as in a recorded trace. Mixes
//! with allocations and cuts are left out: their order is that of the lines.
//!
//! `HBTRACE_CASES` is the number of cases (default 1000), `HBTRACE_SEED` the
//! first seed.

use std::collections::BTreeSet;
use std::path::Path;

use hbtrace_analyzer::race;
use hbtrace_tests::generate::{MIXES, Mix, Random, generate};
use hbtrace_traces::read::Options;
use hbtrace_traces::trace::Trace;
use hbtrace_traces::{replay, text};

const UNPLACED: [&str; 4] = ["atomics", "fences", "locks", "channels"];

fn variable(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// All racy pairs of sides with their counts, without their examples.
fn races(trace: &Trace) -> BTreeSet<[String; 6]> {
    let counts = |count: u64| count.to_string();
    race::analyze(trace)
        .into_iter()
        .map(|race| {
            let (first, second) = (race.first, race.second);
            let (locations, pairs) = (counts(race.locations), counts(race.pairs));
            [
                first.site,
                first.kind,
                second.site,
                second.kind,
                locations,
                pairs,
            ]
        })
        .collect()
}

/// Takes the places in the observed order out.
fn unplace(trace: &mut Trace) {
    for stream in &mut trace.streams {
        for event in &mut stream.sync {
            event.stamp = 0;
        }
        stream.slices.clear();
    }
}

fn check(mix: &Mix, seed: u64) {
    let mut random = Random::new(seed);
    let lines = 10 + random.below(90);
    let text = generate(mix, random.bits(), lines);
    let parsed = text::parse(Path::new("case.std"), text.as_bytes(), Options::default());
    let mut trace = parsed.unwrap_or_else(|error| panic!("{error}\n{text}"));
    let placed = races(&trace);
    let sync = trace.sync_events();
    unplace(&mut trace);
    replay::replay(&mut trace).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{text}"));
    assert_eq!(sync, trace.sync_events(), "seed {seed}:\n{text}");
    assert_eq!(
        placed,
        races(&trace),
        "mix {}, seed {seed}:\n{text}",
        mix.name
    );
}

#[test]
fn any_lawful_order_shows_the_same_races() {
    let mixes: Vec<_> = MIXES
        .iter()
        .filter(|mix| UNPLACED.contains(&mix.name))
        .collect();
    assert_eq!(mixes.len(), UNPLACED.len());
    let (cases, first) = (variable("HBTRACE_CASES", 1000), variable("HBTRACE_SEED", 0));
    for seed in first..first + cases {
        check(mixes[seed as usize % mixes.len()], seed);
    }
}
