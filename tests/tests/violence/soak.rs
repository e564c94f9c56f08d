//! Full rate for long: memory and files stay as they are.

use std::path::PathBuf;

use super::{Run, often, open, row, run};

/// KiB that memory may differ by: the pages that the helper has ready, and what
/// a copy is made with.
const SLACK: u64 = 24 << 10;
/// Files that a rotation keeps.
const KEPT: usize = 4;

#[test]
fn at_full_rate_for_long_memory_and_files_stay_bounded() {
    let given = std::env::var("HBTRACE_SOAK").ok();
    let seconds = given.map_or(often(60, 3), |seconds| seconds.parse().unwrap());
    let at = Run::new();
    let mut command = at.command("soak", seconds);
    command
        .env("HBTRACE_FLIGHT", "64M")
        .env("HBTRACE_ROTATE", KEPT.to_string());
    let said = run(&mut command).succeeded();
    let (first, most) = (said.number("first"), said.number("most"));
    assert_eq!(at.trace().info.lost_events, 0);
    let size = at.trace_file().metadata().unwrap().len();
    let rotated = rotated(&at);
    let (mut last, mut whole) = (0, 0);
    for file in &rotated {
        let trace = open(file);
        assert_eq!(trace.info.lost_events, 0);
        last = last.max(number(file));
        whole += u64::from(trace.sync_events() > 0);
    }
    let notes = format!(
        "{seconds} s; memory {first} KiB after a tenth of it, never more than {most} KiB since; file {} MiB; {last} files rotated, of the {} kept {whole} hold a window",
        size >> 20,
        rotated.len()
    );
    let events = format!("{} events", said.number("events"));
    row(
        "soak at full rate, flight of 64 MiB, rotated into files",
        1,
        &events,
        "0",
        &notes,
    );
    assert!((1..=KEPT).contains(&rotated.len()), "{rotated:?}");
    // The whole pool is in memory.
    assert!(
        most <= first.max(64 << 10) + SLACK,
        "{first} KiB, then {most} KiB"
    );
    assert!(size < 72 << 20, "{size} bytes");
}

/// `run.000001.trace` and so on.
fn rotated(at: &Run) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(at.directory.path()).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| number(path) > 0).collect()
}

/// The number of a file that was rotated; 0 of any other.
fn number(path: &std::path::Path) -> u64 {
    let name = path.file_name().unwrap().to_str().unwrap();
    let middle = name
        .strip_prefix("run.")
        .and_then(|rest| rest.strip_suffix(".trace"));
    middle.and_then(|number| number.parse().ok()).unwrap_or(0)
}
