//! Other recorders beside: checkers over the same rows as we are, tracers that
//! are told one event after the other.
#![allow(clippy::print_stdout)]

use std::io;
use std::path::Path;

use hbtrace_bench::arguments::Arguments;
use hbtrace_bench::child;
use hbtrace_bench::machine;
use hbtrace_bench::peers::{self, Daemon, Peer};
use hbtrace_bench::rounds::{Rounds, by_turns};
use hbtrace_bench::rows::{ROWS, Row, Target};
use hbtrace_bench::statistics::{Median, shown};
use hbtrace_bench::variant::Variant;

/// A write of 8 bytes, seen by an instrumenting compiler or told to us.
const WRITE: Row = Row {
    name: "plain-write",
    title: "write of plain data",
    count: 50_000,
    target: Target::None,
};

/// One event.
const EVENT: Row = Row {
    name: "event",
    title: "event",
    count: 10_000,
    target: Target::None,
};

fn main() -> io::Result<()> {
    if child::served() {
        return Ok(());
    }
    let arguments = Arguments::of_this_program();
    let folder = arguments.folder_in_memory()?;
    println!("## Peers\n");
    machine::describe(&folder);
    if arguments.wants("events") {
        let daemon = Daemon::start(&folder);
        if let Err(error) = &daemon {
            println!("- LTTng does not record: {error}");
        }
        let peers = peers::tracers(&folder, daemon.as_ref().ok());
        events(peers, &arguments, &folder)?;
    }
    rows(peers::checkers(&folder), &arguments, &folder)?;
    println!();
    machine::load("after");
    Ok(())
}

/// Those that are there; what is not is told.
fn there(peers: Vec<Peer>) -> Vec<(&'static str, Variant)> {
    let mut there = Vec::new();
    for Peer { title, variant } in peers {
        match variant {
            Ok(variant) => there.push((title, variant)),
            Err(why) => println!("- {title} is not measured: {why}"),
        }
    }
    there
}

/// Time of one event, recorder by recorder.
fn events(peers: Vec<Peer>, arguments: &Arguments, folder: &Path) -> io::Result<()> {
    let mut sides = vec![
        ("hbtrace, disabled", Variant::plain("off", "mirrors")),
        ("hbtrace", Variant::recording("recorded", &[])),
    ];
    sides.extend(there(peers));
    let variants: Vec<Variant> = sides.iter().map(|(_, variant)| variant.clone()).collect();
    let rounds = by_turns(&EVENT, &variants, arguments, folder)?;
    println!("\n| one event | ns | times hbtrace |");
    println!("| --- | ---: | ---: |");
    for ((title, _), side) in sides.iter().zip(&rounds) {
        println!(
            "| {title} | {} | {} |",
            shown(Median::of(side.ns.clone()), 2),
            shown(Median::of_ratios(&side.ns, &rounds[1].ns), 1),
        );
    }
    Ok(())
}

/// Time of an operation, row by row.
fn rows(peers: Vec<Peer>, arguments: &Arguments, folder: &Path) -> io::Result<()> {
    let mut sides = vec![
        ("std", Variant::plain("native", "native")),
        ("hbtrace", Variant::recording("recorded", &[])),
    ];
    sides.extend(there(peers));
    let variants: Vec<Variant> = sides.iter().map(|(_, variant)| variant.clone()).collect();
    println!("\nNanoseconds per operation.\n");
    print!("| operation |");
    sides.iter().for_each(|(title, _)| print!(" {title} |"));
    println!("\n| --- |{}", " ---: |".repeat(sides.len()));
    let rows = ROWS.iter().filter(|row| !row.name.starts_with("access"));
    for row in std::iter::once(&WRITE).chain(rows) {
        if arguments.wants(row.name) {
            let rounds = by_turns(row, &variants, arguments, folder)?;
            println!("| {} |{}", row.title, cells(&rounds));
        }
    }
    Ok(())
}

fn cells(rounds: &[Rounds]) -> String {
    let cell = |side: &Rounds| format!(" {} |", shown(Median::of(side.ns.clone()), 2));
    rounds.iter().map(cell).collect()
}
