//! Time per operation: std, the mirrors without a session, the mirrors while
//! they record, by turns in one run.
#![allow(clippy::print_stdout)]

use std::io;
use std::path::Path;

use hbtrace_bench::arguments::Arguments;
use hbtrace_bench::child;
use hbtrace_bench::machine;
use hbtrace_bench::rounds::{Rounds, by_turns};
use hbtrace_bench::rows::{ROWS, Row, Target};
use hbtrace_bench::statistics::{Median, shown};
use hbtrace_bench::variant::Variant;

fn main() -> io::Result<()> {
    if child::served() {
        return Ok(());
    }
    let arguments = Arguments::of_this_program();
    let folder = arguments.folder_in_memory()?;
    println!("## Operations\n");
    machine::describe(&folder);
    let fairness = table(&arguments, &folder)?;
    tell_fairness(&fairness);
    println!();
    machine::load("after");
    Ok(())
}

/// Measures and prints all rows; the rounds of the contended mutex.
fn table(arguments: &Arguments, folder: &Path) -> io::Result<Vec<Rounds>> {
    let variants = [
        Variant::plain("native", "native"),
        Variant::plain("off", "mirrors"),
        Variant::recording("recorded", &[]),
        Variant::recording("all stamped", &[("HBTRACE_TIME", "all")]),
        Variant::recording("flight", &[("HBTRACE_FLIGHT", "64M")]),
        Variant::plain("bare", "bare"),
    ];
    println!(
        "\nMedians of paired rounds; in brackets the 95 % interval of the median. *+ns* and \
         *times* are against native, for accesses against bare stores of 8 bytes into a mapping \
         that was populated before. *All stamped* is with `HBTRACE_TIME=all`, *in flight* with \
         `HBTRACE_FLIGHT=64M`.\n"
    );
    println!(
        "| operation | native (bare), ns | off, +ns | recorded, ns | +ns | times | \
         all stamped, +ns | in flight, +ns | target | |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |");
    let mut fairness = Vec::new();
    for row in ROWS.iter().filter(|row| arguments.wants(row.name)) {
        let rounds = by_turns(row, &variants, arguments, folder)?;
        println!("{}", line(row, &rounds));
        if row.name == "mutex-contended" {
            fairness = rounds;
        }
    }
    Ok(fairness)
}

fn line(row: &Row, rounds: &[Rounds]) -> String {
    let of = |name| rounds.iter().find(|rounds| rounds.name == name);
    let ns = |name| of(name).map_or(&[][..], |rounds| rounds.ns.as_slice());
    let base = match row.target {
        Target::Bare(..) => ns("bare"),
        _ => ns("native"),
    };
    let above = |name| Median::of_differences(ns(name), base);
    let times = Median::of_ratios(ns("recorded"), base);
    let recorded = Median::of(ns("recorded").to_vec());
    let value = |median: Option<Median>| median.map_or("-".into(), |m| format!("{:.2}", m.value));
    format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
        row.title,
        value(Median::of(base.to_vec())),
        shown(Median::of_differences(ns("off"), ns("native")), 2),
        value(recorded),
        shown(above("recorded"), 2),
        shown(times, 2),
        shown(above("all stamped"), 2),
        shown(above("flight"), 2),
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
        println!(
            "| {} | {} | {} | {} |",
            side.name,
            shown(side.other(0), 2),
            shown(side.other(1), 1),
            shown(side.other(2), 0),
        );
    }
}
