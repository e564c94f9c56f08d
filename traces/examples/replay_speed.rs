//! How fast a trace is opened: `cargo run --release -p hbtrace-traces --example replay_speed FILE`.
#![allow(clippy::print_stdout)]
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("expected the path of a trace")?;
    let start = Instant::now();
    let trace = hbtrace_traces::read::open(path.as_ref(), Default::default())?;
    let events = trace.sync_events()
        + trace
            .streams
            .iter()
            .map(|it| it.accesses.count())
            .sum::<u64>();
    let open = start.elapsed();
    println!(
        "{events} events opened in {open:?}, {} ns each",
        open.as_nanos() / u128::from(events.max(1))
    );
    let start = Instant::now();
    let mut trace = trace;
    hbtrace_traces::replay::replay(&mut trace)?;
    let sync = trace.sync_events();
    println!(
        "{sync} sync events replayed in {:?}, {} ns each",
        start.elapsed(),
        start.elapsed().as_nanos() / u128::from(sync.max(1))
    );
    Ok(())
}
