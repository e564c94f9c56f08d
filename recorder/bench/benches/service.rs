//! The example service under load: CPU per request and latencies, with std's
//! types, with the mirrors, and recorded.
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use hbtrace_bench::arguments::Arguments;
use hbtrace_bench::machine;
use hbtrace_bench::service::{KINDS, Kind, Load, Programs, quantile};
use hbtrace_bench::statistics::{Median, shown};
use hbtrace_bench::trace::{Held, packed};

/// All runs of a kind.
#[derive(Default)]
struct Runs {
    /// Microseconds of CPU per request.
    cpu: Vec<f64>,
    latencies: BTreeMap<u64, u64>,
    /// What the last trace holds.
    trace: String,
}

fn main() -> io::Result<()> {
    let arguments = Arguments::of_this_program();
    let load = Load {
        clients: 16,
        requests: 300,
    };
    let folder = arguments.folder_on_disk()?;
    println!("## The service\n");
    let programs = Programs::build()?;
    machine::describe(&folder);
    println!(
        "- load: {} clients, {} requests each, values of 4 KiB; {} runs of each kind, by turns\n",
        load.clients, load.requests, arguments.pairs
    );
    let mut runs: Vec<Runs> = KINDS.iter().map(|_| Runs::default()).collect();
    // The first time is for caches of the system.
    for time in 0..=arguments.pairs as usize {
        for turn in 0..KINDS.len() {
            let kind = (turn + time) % KINDS.len();
            let run = programs.run(KINDS[kind], load, &folder)?;
            if let Some(trace) = run.trace {
                runs[kind].trace = held(&trace)?;
                fs::remove_file(trace)?;
            }
            if time > 0 {
                runs[kind].cpu.push(run.cpu.as_secs_f64() * 1e6);
                for (latency, count) in run.latencies {
                    *runs[kind].latencies.entry(latency).or_insert(0) += count;
                }
            }
        }
    }
    print(&runs);
    println!();
    machine::load("after");
    Ok(())
}

/// What a trace holds, in words.
fn held(trace: &Path) -> io::Result<String> {
    let held = Held::by(trace)?;
    let packed = packed(trace)? as f64 / (held.sync + held.accesses).max(1) as f64;
    Ok(format!(
        "{:.1} MiB, {} sync events, {} accesses, {:.1} bytes per event, {packed:.2} packed; \
         {} events lost",
        held.bytes as f64 / f64::from(1 << 20),
        held.sync,
        held.accesses,
        held.bytes_per_event(),
        held.lost,
    ))
}

fn print(runs: &[Runs]) {
    println!(
        "| service | CPU per request, us | times | target | | p50, us | p99, us | p99.9, us |"
    );
    println!("| --- | ---: | ---: | ---: | --- | ---: | ---: | ---: |");
    for (kind, of_kind) in KINDS.iter().zip(runs) {
        println!("{}", line(kind, of_kind, &runs[0]));
    }
    println!();
    for (kind, runs) in KINDS.iter().zip(runs) {
        if !runs.trace.is_empty() {
            println!("- {}: the last trace has {}", kind.name, runs.trace);
        }
    }
}

fn line(kind: &Kind, runs: &Runs, native: &Runs) -> String {
    let times = Median::of_ratios(&runs.cpu, &native.cpu);
    let verdict = match (kind.most, times) {
        (Some(most), Some(times)) if times.value <= most => "met",
        (Some(_), _) => "**missed**",
        (None, _) => "",
    };
    let latency = |share| quantile(&runs.latencies, share).as_micros();
    format!(
        "| {} | {} | {} | {} | {verdict} | {} | {} | {} |",
        kind.name,
        shown(Median::of(runs.cpu.clone()), 1),
        shown(times, 3),
        kind.most.map_or("-".into(), |most| most.to_string()),
        latency(0.5),
        latency(0.99),
        latency(0.999),
    )
}
