//! Random text traces, written and read again: nothing is lost, and the second
//! text is the first.
//!
//! `HBTRACE_CASES` is the number of cases (default 1000), `HBTRACE_SEED` the
//! first seed.

use std::path::Path;

use hbtrace_tests::generate::{MIXES, Mix, Random, generate};
use hbtrace_tests::oracle;
use hbtrace_traces::read::Options;
use hbtrace_traces::text;
use hbtrace_traces::trace::Trace;

fn variable(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

fn parse(text: &str) -> Trace {
    match text::parse(Path::new("case.std"), text.as_bytes(), Options::default()) {
        Ok(trace) => trace,
        Err(error) => panic!("{error}\n{text}"),
    }
}

fn write(trace: &Trace) -> String {
    let mut bytes = Vec::new();
    text::write(trace, &mut bytes).expect("memory takes everything");
    String::from_utf8(bytes).expect("text")
}

fn events(trace: &Trace) -> u64 {
    let accesses = trace.streams.iter().map(|it| it.accesses.count());
    trace.sync_events() + accesses.sum::<u64>()
}

fn check(mix: &Mix, seed: u64) {
    let mut random = Random::new(seed);
    let lines = 10 + random.below(90);
    let text = generate(mix, random.bits(), lines);
    let trace = parse(&text);
    assert_eq!(
        events(&trace),
        text.lines().count() as u64,
        "seed {seed}:\n{text}"
    );
    let once = write(&trace);
    let twice = write(&parse(&once));
    assert_eq!(once, twice, "seed {seed}:\n{text}");
    assert_eq!(
        oracle::races(&text),
        oracle::races(&once),
        "seed {seed}:\n{text}\n{once}"
    );
}

#[test]
fn what_is_written_reads_back_the_same() {
    let (cases, first) = (variable("HBTRACE_CASES", 1000), variable("HBTRACE_SEED", 0));
    for seed in first..first + cases {
        check(&MIXES[seed as usize % MIXES.len()], seed);
    }
}
