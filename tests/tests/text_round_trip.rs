//! Random text traces, written and read again: nothing is lost, and the second
//! text is the first.
//!
//! `HBTRACE_CASES` is the number of cases (default 1000), `HBTRACE_SEED` the
//! first seed.

use std::path::Path;

use hbtrace_analyzer::race;
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

/// Swaps, drops, doubles or changes a line or a byte.
fn damage(text: &str, random: &mut Random) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = text.lines().map(|line| line.as_bytes().to_vec()).collect();
    for _ in 0..=random.below(4) {
        let (at, other) = (random.below(lines.len()), random.below(lines.len()));
        match random.below(5) {
            0 => lines.swap(at, other),
            1 if lines.len() > 1 => drop(lines.remove(at)),
            2 => lines.insert(at, lines[other].clone()),
            3 => lines[at].truncate(random.below(20)),
            _ => {
                let byte = random.below(lines[at].len().max(1));
                let new = random.pick(b"|(),%x0:1\xff".as_slice());
                lines[at]
                    .get_mut(byte)
                    .into_iter()
                    .for_each(|byte| *byte = new);
            }
        }
    }
    lines.join(&b'\n')
}

#[test]
fn damaged_texts_never_panic() {
    let (cases, first) = (variable("HBTRACE_CASES", 1000), variable("HBTRACE_SEED", 0));
    for seed in first..first + cases {
        let mut random = Random::new(seed);
        let lines = 10 + random.below(60);
        let text = generate(&MIXES[seed as usize % MIXES.len()], random.bits(), lines);
        let bytes = damage(&text, &mut random);
        let parse = |lenient| text::parse(Path::new("case.std"), &bytes, Options { lenient });
        if let Ok(trace) = parse(false) {
            assert!(trace.info.warnings.is_empty(), "seed {seed}");
            let once = write(&trace);
            assert_eq!(once, write(&self::parse(&once)), "seed {seed}");
        }
        let lenient = parse(true).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        let _ = race::analyze(&lenient);
    }
}
