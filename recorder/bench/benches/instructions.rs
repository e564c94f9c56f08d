//! Instructions per operation: std, the mirrors without a session, and while
//! they record. Fails where one is over its budget.
#![allow(clippy::print_stdout)]

use std::io;
use std::path::Path;
use std::process::ExitCode;

use hbtrace_bench::arguments::Arguments;
use hbtrace_bench::budget::{ACCESS_TARGET, BUDGETS, Budget, OFF_TARGET};
use hbtrace_bench::callgrind;
use hbtrace_bench::child;
use hbtrace_bench::machine;
use hbtrace_bench::rows::ROWS;
use hbtrace_bench::variant::Variant;

fn main() -> io::Result<ExitCode> {
    if child::served() {
        return Ok(ExitCode::SUCCESS);
    }
    let arguments = Arguments::of_this_program();
    println!("## Instructions\n");
    if !callgrind::is_there() {
        println!("Not counted: valgrind is not installed.");
        return Ok(ExitCode::SUCCESS);
    }
    let folder = arguments.folder_in_memory()?;
    machine::describe(&folder);
    let budgets: Vec<&Budget> = BUDGETS
        .iter()
        .filter(|budget| arguments.wants(budget.row))
        .collect();
    let counts = count(&budgets, &folder)?;
    if arguments.wants("access") {
        list(&folder)?;
    }
    Ok(match print(&budgets, &counts) {
        0 => ExitCode::SUCCESS,
        over => {
            println!("\n{over} operations are over their budget.");
            ExitCode::FAILURE
        }
    })
}

/// The instructions of a recorded access.
fn list(folder: &Path) -> io::Result<()> {
    let recorded = Variant::recording("recorded", &[]);
    println!("\nWhat a recorded access runs through, its loop included:\n\n```text");
    for line in callgrind::listing(&recorded, "access", folder)? {
        println!("{line}");
    }
    println!("```");
    Ok(())
}

/// Instructions of each budget's row, by variant.
fn count(budgets: &[&Budget], folder: &Path) -> io::Result<Vec<Vec<f64>>> {
    let rows: Vec<&str> = budgets.iter().map(|budget| budget.row).collect();
    let variants = [
        Variant::plain("native", "native"),
        Variant::plain("off", "mirrors"),
        Variant::recording("recorded", &[]),
        Variant::recording("stamped", &[("HBTRACE_TIME", "all")]),
    ];
    let counts = variants
        .iter()
        .map(|variant| callgrind::count(variant, &rows, folder));
    counts.collect()
}

/// Prints the table; how many rows are over their budget.
fn print(budgets: &[&Budget], counts: &[Vec<f64>]) -> usize {
    println!(
        "\n*Off* is what a mirror takes more than std without a session, *above* what it takes \
         more while it records. For accesses, std is the loop and the address. Targets: \
         {OFF_TARGET} off, {ACCESS_TARGET} above for a recorded access.\n"
    );
    println!("| operation | std | off | budget | recorded | above | budget | all stamped | |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |");
    let mut over = 0;
    for (index, budget) in budgets.iter().enumerate() {
        let of = |variant: usize| counts[variant][index];
        let (native, off, recorded) = (of(0), of(1) - of(0), of(2));
        over += usize::from(budget.is_exceeded(off, recorded));
        let row = ROWS.iter().find(|row| row.name == budget.row);
        println!(
            "| {} | {native:.1} | {off:+.1} | {} | {recorded:.1} | {:+.1} | {} | {:.1} | {} |",
            row.map_or(budget.row, |row| row.title),
            budget.off,
            recorded - native,
            budget.recorded,
            of(3),
            verdict(budget, off, [native, recorded]),
        );
    }
    over
}

fn verdict(budget: &Budget, off: f64, [native, recorded]: [f64; 2]) -> &'static str {
    match (
        budget.is_exceeded(off, recorded),
        budget.is_missed(off, recorded - native),
    ) {
        (true, _) => "**over its budget**",
        (false, true) => "**missed**",
        (false, false) => "met",
    }
}
