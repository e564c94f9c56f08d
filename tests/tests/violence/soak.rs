//! Full rate for long: memory and file stay as they are.

use super::{Run, often, row, run};

/// KiB that memory may differ by: the stock of pages that the helper makes
/// ready grows and shrinks with the rate.
const SLACK: u64 = 8 << 10;

#[test]
fn at_full_rate_for_long_memory_and_file_stay_bounded() {
    let given = std::env::var("HBTRACE_SOAK").ok();
    let seconds = given.map_or(often(60, 3), |seconds| seconds.parse().unwrap());
    let at = Run::new();
    let said = run(at.command("soak", seconds).env("HBTRACE_FLIGHT", "64M")).succeeded();
    let (first, most) = (said.number("first"), said.number("most"));
    let trace = at.trace();
    assert_eq!(trace.info.lost_events, 0);
    let size = at.trace_file().metadata().unwrap().len();
    let notes = format!(
        "{seconds} s; memory {first} KiB after a tenth of it, never more than {most} KiB since; file {} MiB",
        size >> 20
    );
    let events = format!("{} events", said.number("events"));
    row(
        "soak at full rate, flight of 64 MiB",
        1,
        &events,
        "0",
        &notes,
    );
    // The whole pool is in memory.
    assert!(
        most <= first.max(64 << 10) + SLACK,
        "{first} KiB, then {most} KiB"
    );
    assert!(size < 72 << 20, "{size} bytes");
}
