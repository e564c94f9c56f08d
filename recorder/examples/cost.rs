//! What recording costs: nanoseconds per operation of std, of the mirrors
//! without a session, and of the mirrors while they record.
//!
//! ```text
//! cargo run --release -p hbtrace-recorder --features record --example cost
//! ```
//!
//! Each figure is the median of many rounds, on one thread. `HBTRACE_TIME=all` shows what stamping adds.
#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

const ROUNDS: usize = 101;

/// The time of one of `count` operations: the median of many short rounds,
/// which other load on the machine disturbs least.
fn median(count: u32, mut operations: impl FnMut(u32)) -> f64 {
    let mut rounds: Vec<u128> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            operations(count);
            start.elapsed().as_nanos()
        })
        .collect();
    rounds.sort_unstable();
    rounds[ROUNDS / 2] as f64 / f64::from(count)
}

/// The same operations over `$sync` and `$thread`.
macro_rules! operations {
    ($module:ident, $sync:path, $thread:path) => {
        mod $module {
            use super::{black_box, median};
            use sync::atomic::{AtomicU64, Ordering};
            use $sync as sync;
            use $thread as thread;

            pub(super) fn all() -> Vec<(&'static str, f64)> {
                let mutex = sync::Mutex::new(0_u64);
                let lock = median(5_000, |count| {
                    for _ in 0..count {
                        *mutex.lock().expect("nothing panics") += 1;
                    }
                });
                let shared = sync::RwLock::new(0_u64);
                let read = median(5_000, |count| {
                    for _ in 0..count {
                        black_box(*shared.read().expect("nothing panics"));
                    }
                });
                let write = median(5_000, |count| {
                    for _ in 0..count {
                        *shared.write().expect("nothing panics") += 1;
                    }
                });
                let cell = sync::OnceLock::from(1_u64);
                let get = median(5_000, |count| {
                    for _ in 0..count {
                        black_box(cell.get());
                    }
                });
                let atomic = AtomicU64::new(0);
                let add = median(5_000, |count| {
                    for _ in 0..count {
                        atomic.fetch_add(1, Ordering::AcqRel);
                    }
                });
                let load = median(5_000, |count| {
                    for _ in 0..count {
                        black_box(atomic.load(Ordering::Acquire));
                    }
                });
                let message = median(5_000, |count| {
                    let (sender, receiver) = sync::mpsc::channel();
                    for number in 0..count {
                        sender.send(number).expect("the receiver is there");
                        black_box(receiver.recv().expect("it was sent"));
                    }
                });
                let bounded = median(5_000, |count| {
                    let (sender, receiver) = sync::mpsc::sync_channel(1);
                    for number in 0..count {
                        sender.send(number).expect("the receiver is there");
                        black_box(receiver.recv().expect("it was sent"));
                    }
                });
                let spawn = median(20, |count| {
                    for _ in 0..count {
                        thread::spawn(|| ()).join().expect("nothing panics");
                    }
                });
                vec![
                    ("mutex lock and unlock", lock),
                    ("read lock and unlock", read),
                    ("write lock and unlock", write),
                    ("once cell get", get),
                    ("atomic fetch_add", add),
                    ("atomic load", load),
                    ("channel send and recv", message),
                    ("bounded send and recv", bounded),
                    ("thread spawn and join", spawn),
                ]
            }
        }
    };
}

operations!(plain, std::sync, std::thread);
operations!(mirror, hbtrace_recorder::sync, hbtrace_recorder::thread);

/// Accesses to told memory: from one place, and from two in turn.
fn accesses() -> Vec<(&'static str, f64)> {
    let bytes = [0_u64; 512];
    let one = median(20_000, |count| {
        for index in 0..count as usize {
            hbtrace_recorder::read(&raw const bytes[index % 512], 8);
        }
    });
    let two = median(20_000, |count| {
        for index in 0..count as usize / 2 {
            hbtrace_recorder::read(&raw const bytes[index % 512], 8);
            hbtrace_recorder::write(&raw const bytes[index % 512], 8);
        }
    });
    vec![("access, one site", one), ("access, two sites", two)]
}

fn mirrors() -> Vec<(&'static str, f64)> {
    let mut figures = mirror::all();
    figures.extend(accesses());
    figures
}

fn main() {
    if std::env::var_os("HBTRACE_OUT").is_some() {
        for (_, ns) in mirrors() {
            println!("{ns}");
        }
        return;
    }
    let file = std::env::temp_dir().join(format!("cost-{}.trace", std::process::id()));
    let program = std::env::current_exe().expect("this program has a path");
    let child = Command::new(program).env("HBTRACE_OUT", &file).output();
    let child = child.expect("it runs again");
    let _ = std::fs::remove_file(&file);
    let recorded = String::from_utf8_lossy(&child.stdout).into_owned();
    let recorded = recorded.lines().filter_map(|line| line.parse().ok());
    let plain = plain::all().into_iter().map(|(_, ns)| ns);
    let plain = plain.chain(std::iter::repeat(0.0));
    println!(
        "{:24} {:>10} {:>10} {:>10}",
        "ns per operation", "std", "off", "recording"
    );
    for (((name, off), recorded), plain) in mirrors().into_iter().zip(recorded).zip(plain) {
        let recorded: f64 = recorded;
        println!("{name:24} {plain:10.1} {off:10.1} {recorded:10.1}");
    }
}
