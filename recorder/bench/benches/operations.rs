//! Time per operation: std, the mirrors without a session, the mirrors while
//! they record, by turns in one run, and peers beside.
#![allow(clippy::print_stdout)]

use std::io;
use std::path::Path;

use hbtrace_bench::arguments::Arguments;
use hbtrace_bench::child::{self, Side};
use hbtrace_bench::machine;
use hbtrace_bench::rows::{ROWS, Row, Target};
use hbtrace_bench::statistics::Median;
use hbtrace_bench::variant::Variant;

/// The rounds of one side for one row.
struct Rounds {
    name: &'static str,
    /// Nanoseconds per operation.
    ns: Vec<f64>,
    others: Vec<Vec<f64>>,
}

fn main() -> io::Result<()> {
    if child::served() {
        return Ok(());
    }
    let arguments = Arguments::of_this_program();
    let folder = arguments.folder_in_memory()?;
    println!("## Operations\n");
    machine::describe(&folder);
    let variants = [
        Variant::plain("native", "native"),
        Variant::plain("off", "mirrors"),
        Variant::recording("recorded", &[]),
        Variant::recording("all stamped", &[("HBTRACE_TIME", "all")]),
        Variant::plain("bare", "bare"),
    ];
    header();
    let mut fairness = Vec::new();
    for row in ROWS.iter().filter(|row| arguments.wants(row.name)) {
        let rounds = measure(row, &variants, &arguments, &folder)?;
        println!("{}", line(row, &rounds));
        if row.name == "mutex-contended" {
            fairness = rounds;
        }
    }
    tell_fairness(&fairness);
    println!();
    machine::load("after");
    Ok(())
}

/// All rounds of a row: every side starts several times, and takes turns.
fn measure(
    row: &Row,
    variants: &[Variant],
    arguments: &Arguments,
    folder: &Path,
) -> io::Result<Vec<Rounds>> {
    let mut rounds: Vec<Rounds> = variants
        .iter()
        .map(|variant| Rounds {
            name: variant.name,
            ns: Vec::new(),
            others: Vec::new(),
        })
        .collect();
    for _ in 0..arguments.starts {
        let sides: io::Result<Vec<Side>> = variants
            .iter()
            .map(|variant| variant.start(folder))
            .collect();
        let mut sides = sides?;
        for round in 0..=arguments.rounds as usize {
            for turn in 0..sides.len() {
                // Who follows whom changes from round to round.
                let side = (turn + round) % sides.len();
                let Some(outcome) = sides[side].ask(row.name, row.count)? else {
                    continue;
                };
                // The first round is for caches and fresh pages.
                if round > 0 {
                    rounds[side].ns.push(outcome.ns / f64::from(row.count));
                    rounds[side].others.push(outcome.others);
                }
            }
        }
        sides.into_iter().try_for_each(Side::end)?;
        variants.iter().for_each(|variant| variant.clean(folder));
    }
    Ok(rounds)
}

fn header() {
    println!(
        "\nMedians of paired rounds; in brackets the 95 % interval of the median; \
         *+ns* and *times* are against native (accesses: against the bare loop).\n"
    );
    println!(
        "| operation | native, ns | off, +ns | recorded, ns | +ns | times | all stamped, +ns | target | |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |");
}

fn line(row: &Row, rounds: &[Rounds]) -> String {
    let of = |name| rounds.iter().find(|rounds| rounds.name == name);
    let ns = |name| of(name).map_or(&[][..], |rounds| rounds.ns.as_slice());
    let base = match row.target {
        Target::Bare(..) => ns("bare"),
        _ => ns("native"),
    };
    let shown = |median: Option<Median>| median.map_or("-".into(), |median| median.to_string());
    let above = |name| Median::of_differences(ns(name), base);
    let times = Median::of_ratios(ns("recorded"), base);
    let recorded = Median::of(ns("recorded").to_vec());
    let value = |median: Option<Median>| median.map_or("-".into(), |m| format!("{:.2}", m.value));
    format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
        row.title,
        value(Median::of(base.to_vec())),
        shown(Median::of_differences(ns("off"), ns("native"))),
        value(recorded),
        shown(above("recorded")),
        shown(times),
        shown(above("all stamped")),
        target(row.target),
        verdict(row.target, times, above("recorded"), recorded),
    )
}

fn target(target: Target) -> String {
    match target {
        Target::Times(times) => format!("{times} times"),
        Target::Above(ns) => format!("+{ns} ns"),
        Target::Bare(times, ns) if ns.is_finite() => format!("{times} times, {ns} ns"),
        Target::Bare(times, _) => format!("{times} times"),
        Target::None => "-".into(),
    }
}

fn verdict(
    target: Target,
    times: Option<Median>,
    above: Option<Median>,
    recorded: Option<Median>,
) -> &'static str {
    let within = |median: Option<Median>, most: f64| median.is_some_and(|m| m.value <= most);
    let met = match target {
        Target::Times(most) => within(times, most),
        Target::Above(most) => within(above, most),
        Target::Bare(most, ns) => within(times, most) && within(recorded, ns),
        Target::None => return "",
    };
    if met { "met" } else { "**missed**" }
}

/// Who wins a contended mutex.
fn tell_fairness(rounds: &[Rounds]) {
    if rounds.is_empty() {
        return;
    }
    println!(
        "\nWho wins the contended mutex: takes of the slower thread while both were at it, \
         and takes of one thread in a row.\n"
    );
    println!("| | share of the slower | mean run | longest run |");
    println!("| --- | ---: | ---: | ---: |");
    for side in rounds.iter().filter(|side| !side.ns.is_empty()) {
        let of = |n: usize| side.others.iter().filter_map(move |o| o.get(n).copied());
        let median = |n| Median::of(of(n).collect()).map_or("-".into(), |m: Median| m.to_string());
        println!(
            "| {} | {} | {} | {} |",
            side.name,
            median(0),
            median(1),
            median(2)
        );
    }
}
