//! Random text traces, written and read again as text and as `.trace` files:
//! nothing is lost, the second text is the first, and the races are the same.
//!
//! `HBTRACE_CASES` is the number of cases (default 1000), `HBTRACE_SEED` the
//! first seed.

use std::path::Path;

use hbtrace_analyzer::race;
use hbtrace_tests::generate::{MIXES, Mix, Random, generate};
use hbtrace_tests::oracle;
use hbtrace_traces::read::{self, Options};
use hbtrace_traces::trace::Trace;
use hbtrace_traces::{text, write};

fn variable(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

fn parse(text: &str) -> Trace {
    match text::parse(Path::new("case.std"), text.as_bytes(), Options::default()) {
        Ok(trace) => trace,
        Err(error) => panic!("{error}\n{text}"),
    }
}

fn written(trace: &Trace) -> String {
    let mut bytes = Vec::new();
    text::write(trace, &mut bytes).expect("memory takes everything");
    String::from_utf8(bytes).expect("text")
}

fn events(trace: &Trace) -> u64 {
    let accesses = trace.streams.iter().map(|it| it.accesses.count());
    trace.sync_events() + accesses.sum::<u64>()
}

/// The trace after it was converted to a `.trace` file, which must be whole.
fn converted(trace: &Trace, what: &str) -> Trace {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("case.trace");
    write::write(trace, &path).expect("written");
    let back = read::open(&path, Options::default());
    let back = back.unwrap_or_else(|error| panic!("{error}\n{what}"));
    assert!(!back.info.truncated, "{:?}\n{what}", back.info.warnings);
    back
}

/// Conversion keeps the races and what `hbtrace dump` shows.
fn check_converted(trace: &Trace, what: &str) {
    let back = converted(trace, what);
    assert_eq!(written(trace), written(&back), "{what}");
    let (before, after) = (race::analyze(trace), race::analyze(&back));
    assert_eq!(format!("{before:#?}"), format!("{after:#?}"), "{what}");
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
    let once = written(&trace);
    let twice = written(&parse(&once));
    assert_eq!(once, twice, "seed {seed}:\n{text}");
    assert_eq!(
        oracle::races(&text),
        oracle::races(&once),
        "seed {seed}:\n{text}\n{once}"
    );
    check_converted(&trace, &format!("seed {seed}:\n{text}"));
}

#[test]
fn what_is_written_reads_back_the_same() {
    let (cases, first) = (variable("HBTRACE_CASES", 1000), variable("HBTRACE_SEED", 0));
    for seed in first..first + cases {
        check(&MIXES[seed as usize % MIXES.len()], seed);
    }
}

/// A trace that begins in the middle: some lines above a cut are lost, but
/// not those that tell what an object is.
fn begun_late(text: &str, random: &mut Random) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let cut = random.below(lines.len());
    let told = |line: &str| {
        ["|chan(", "|barrier(", "|sem("]
            .iter()
            .any(|it| line.contains(it))
    };
    let mut late = String::new();
    for (at, line) in lines.iter().enumerate() {
        if at == cut {
            late.push_str("T0|cut\n");
        }
        if at >= cut || told(line) || random.chance(30) {
            late.push_str(line);
            late.push('\n');
        }
    }
    late
}

#[test]
fn races_of_a_trace_that_begins_late_survive_conversion() {
    let (cases, first) = (variable("HBTRACE_CASES", 1000), variable("HBTRACE_SEED", 0));
    let (mut read, mut void) = (0, 0);
    for seed in first..first + cases {
        let mut random = Random::new(seed);
        let lines = 10 + random.below(90);
        let text = generate(&MIXES[seed as usize % MIXES.len()], random.bits(), lines);
        let text = begun_late(&text, &mut random);
        // Not every line may be lost: a version that is read is needed.
        let path = Path::new("case.std");
        let Ok(trace) = text::parse(path, text.as_bytes(), Options::default()) else {
            continue;
        };
        check_converted(&trace, &format!("seed {seed}:\n{text}"));
        let events = trace.streams.iter().flat_map(|stream| &stream.sync);
        void += events.filter(|event| event.is_void()).count();
        read += 1;
    }
    println!("{read} of {cases} traces read, {void} events void");
    assert!(
        read >= cases / 4 && (void > 0 || cases < 100),
        "{read} traces, {void} void"
    );
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
            let once = written(&trace);
            assert_eq!(once, written(&self::parse(&once)), "seed {seed}");
        }
        let lenient = parse(true).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        // What is impossible is left out of what is written.
        check_converted(&lenient, &format!("seed {seed}, lenient"));
    }
}
