//! Gigabytes of accesses into a file, without a pause, and bytes per access.
//!
//! One thread tells accesses as fast as it can. Beside it, the same bytes are
//! stored into a mapping that was populated before the clock starts: the
//! physical limit.
#![allow(clippy::print_stdout)]

use std::io;
use std::path::Path;

use hbtrace_bench::arguments::{Arguments, Folder};
use hbtrace_bench::machine;
use hbtrace_bench::operation::Outcome;
use hbtrace_bench::statistics::Median;
use hbtrace_bench::sustained;
use hbtrace_bench::trace::{Held, packed};
use hbtrace_bench::variables;
use hbtrace_bench::variant::Variant;

/// Nanoseconds that a sustained access may take.
const TARGET_NS: f64 = 2.5;
/// Bytes that an event may take, as recorded and packed.
const FILE_BYTES: f64 = 8.5;
const PACKED_BYTES: f64 = 2.0;
/// How the runs are called that have to reach it.
const WHOLE: &str = "recorded, 2048 MiB";

fn main() -> io::Result<()> {
    if hbtrace_bench::child::served() {
        return Ok(());
    }
    let arguments = Arguments::of_this_program();
    let (disk, memory) = (arguments.folder_on_disk()?, arguments.folder_in_memory()?);
    println!("## Sustained\n");
    machine::describe(&disk);
    println!(
        "\nOne thread tells accesses without a pause. Target: {TARGET_NS} ns per access and no \
         page fault on that thread, over 2 GiB; beyond, the disk's speed. *Slowest part* is of \
         {} parts that are timed each.\n",
        sustained::PARTS
    );
    println!(
        "| run | ns per access | its CPU, ns | times bare | slowest part, ns | faults of the thread \
         | other threads' CPU, s | accesses in the file | told as lost | |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |");
    let count = accesses(arguments.mib);
    for (name, folder) in [("disk", &disk), ("memory", &memory)] {
        if arguments.wants(name) && has_room(name, folder, arguments.mib) {
            by_turns(name, folder, count, &arguments)?;
        }
    }
    if arguments.wants("beyond") && has_room("beyond", &disk, arguments.mib * 3) {
        beyond(&disk, &arguments)?;
    }
    if arguments.wants("bytes") {
        bytes(&disk, &arguments)?;
    }
    println!();
    machine::load("after");
    Ok(())
}

/// Whether so many MiB leave as much again to others; says if not.
fn has_room(name: &str, folder: &Path, mib: u64) -> bool {
    let has = machine::room(folder).is_none_or(|bytes| bytes >> 20 >= 2 * mib);
    if !has {
        println!("| {name}: not measured, the disk has too little room for {mib} MiB |");
    }
    has
}

/// Accesses that fill so many MiB.
fn accesses(mib: u64) -> u32 {
    u32::try_from(mib << 17).unwrap_or(u32::MAX)
}

/// One run: what the child told, and what its file holds.
fn run(variant: &Variant, count: u32, folder: &Path) -> io::Result<(Outcome, Option<Held>)> {
    let mut side = variant.start(folder)?;
    let outcome = side.ask("sustained", count)?.unwrap_or_default();
    side.end()?;
    // A flight recording holds the end only.
    let held = match variant.records && variant.name != "in flight" {
        true => Some(Held::by(&variant.trace(folder))?),
        false => None,
    };
    variant.clean(folder)?;
    Ok((outcome, held))
}

/// Bare stores and the recorder, by turns.
fn by_turns(name: &str, folder: &Folder, count: u32, arguments: &Arguments) -> io::Result<()> {
    let variants = [
        Variant::plain("bare", "bare"),
        Variant::recording("recorded", &[]),
        Variant::recording("in flight", &[("HBTRACE_FLIGHT", "64M")]),
    ];
    let mut runs: [Vec<(Outcome, Option<Held>)>; 3] = Default::default();
    for _ in 0..arguments.starts {
        for (variant, runs) in variants.iter().zip(&mut runs) {
            runs.push(run(variant, count, folder)?);
        }
    }
    let bare: Vec<f64> = runs[0].iter().map(|(outcome, _)| outcome.ns).collect();
    for (variant, runs) in variants.iter().zip(&runs) {
        let title = format!("{}, {} MiB, {name}", variant.name, arguments.mib);
        println!("{}", line(&title, count, runs, &bare));
    }
    Ok(())
}

/// More than fits into what the system keeps in memory before it writes.
fn beyond(disk: &Folder, arguments: &Arguments) -> io::Result<()> {
    let count = accesses(arguments.mib * 3);
    let runs = [run(&Variant::recording("recorded", &[]), count, disk)?];
    let title = format!("recorded, {} MiB, disk", arguments.mib * 3);
    println!("{}", line(&title, count, &runs, &[]));
    let limit = (arguments.mib << 20) / 2;
    let limited = Variant::recording("limited", &[(variables::LIMIT, &limit.to_string())]);
    let count = accesses(arguments.mib);
    let runs = [run(&limited, count, disk)?];
    let title = format!("the same into a file of at most {} MiB", limit >> 20);
    println!("{}", line(&title, count, &runs, &[]));
    let [(_, held)] = &runs;
    let all = held.map_or(0, |held| held.accesses + held.lost);
    // The child's first use of the recorder is an access too.
    let exact = all == u64::from(count) + 1;
    println!(
        "\nRecorded and lost together are {} of the limited run.",
        if exact {
            "all accesses"
        } else {
            "**not** all accesses"
        }
    );
    Ok(())
}

fn line(title: &str, count: u32, runs: &[(Outcome, Option<Held>)], bare: &[f64]) -> String {
    let ns: Vec<f64> = runs.iter().map(|(outcome, _)| outcome.ns).collect();
    let each = ns.iter().map(|ns| ns / f64::from(count)).collect();
    let other = |number: usize, scale: f64| {
        let values = runs.iter().filter_map(|(told, _)| told.others.get(number));
        Median::of(values.map(|value| value * scale).collect())
    };
    let each = Median::of(each);
    let cpu = other(1, 1e9 / f64::from(count));
    let held = runs.last().and_then(|(_, held)| *held);
    let shown = |number: fn(Held) -> u64| held.map_or("-".into(), |held| number(held).to_string());
    format!(
        "| {title} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
        value(each, 2),
        value(cpu, 2),
        Median::of_ratios(&ns, bare).map_or("-".into(), |times| times.to_string()),
        value(other(3, 1.0), 2),
        value(other(0, 1.0), 0),
        value(other(2, 1.0), 2),
        shown(|held| held.accesses),
        shown(|held| held.lost),
        verdict(title, each, other(0, 1.0)),
    )
}

fn value(median: Option<Median>, digits: usize) -> String {
    median.map_or("-".into(), |median| format!("{:.digits$}", median.value))
}

/// Of those runs that have a target: the whole recordings.
fn verdict(title: &str, ns: Option<Median>, faults: Option<Median>) -> &'static str {
    let within = |median: Option<Median>, most: f64| median.is_some_and(|m| m.value <= most);
    match (
        title.starts_with(WHOLE),
        within(ns, TARGET_NS) && within(faults, 0.0),
    ) {
        (false, _) => "",
        (true, true) => "met",
        (true, false) => "**missed**",
    }
}

/// Bytes per access of a program that does something.
fn bytes(folder: &Folder, arguments: &Arguments) -> io::Result<()> {
    let variant = Variant::recording("sort", &[]);
    let values = accesses(arguments.mib) / 256;
    let mut side = variant.start(folder)?;
    side.ask("sort", values)?;
    side.end()?;
    let held = Held::by(&variant.trace(folder))?;
    let packed = packed(&variant.trace(folder))?;
    variant.clean(folder)?;
    let each = |bytes: u64| bytes as f64 / (held.accesses + held.sync).max(1) as f64;
    let (file, packed) = (each(held.bytes), each(packed));
    let verdict = |bytes: f64, most: f64| if bytes <= most { "met" } else { "**missed**" };
    println!(
        "\nA merge sort of {values} values on four threads that tells each read and write of its \
         arrays: {} accesses, {} sync events, {} lost.\n\n\
         | bytes per event | | target | |\n| --- | ---: | ---: | --- |\n\
         | in the file, all that is in it | {file:.3} | {FILE_BYTES} | {} |\n\
         | packed | {packed:.3} | {PACKED_BYTES} | {} |",
        held.accesses,
        held.sync,
        held.lost,
        verdict(file, FILE_BYTES),
        verdict(packed, PACKED_BYTES),
    );
    Ok(())
}
