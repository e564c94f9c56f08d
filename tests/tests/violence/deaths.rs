//! Deaths at random moments, as a stream and in flight.
//!
//! A moment is a random step of a random worker, so it does not depend on how
//! fast the machine is; where everything else is then is up to the machine.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use hbtrace_tests::acks::{Acks, WORKERS};

use super::found::{self, Found};
use super::{PATIENCE, Random, Run, long, open, row, skipped};

/// Steps before which everybody is dead.
const LATEST: u64 = 30_000;
/// Bytes of a flight recording's pool: less than most runs record.
const POOL: &str = "1M";

/// A way to die.
struct Way {
    name: &'static str,
    shown: &'static str,
    /// Whether the process ends so.
    ends: fn(ExitStatus) -> bool,
    /// Whether the recorder closes the file.
    closes: bool,
}

fn by(status: ExitStatus, signal: i32) -> bool {
    status.signal() == Some(signal)
}

const WAYS: [Way; 8] = [
    Way {
        name: "kill",
        shown: "SIGKILL",
        ends: |status| by(status, libc::SIGKILL),
        closes: false,
    },
    Way {
        name: "segv",
        shown: "SIGSEGV",
        ends: |status| by(status, libc::SIGSEGV),
        closes: false,
    },
    Way {
        name: "abort",
        shown: "`abort`",
        ends: |status| by(status, libc::SIGABRT),
        closes: false,
    },
    Way {
        name: "double-panic",
        shown: "panic within a panic",
        ends: |status| by(status, libc::SIGABRT),
        closes: false,
    },
    Way {
        name: "exit",
        shown: "`process::exit` by a worker",
        ends: |status| status.code() == Some(7),
        closes: true,
    },
    Way {
        name: "_exit",
        shown: "`_exit` by a worker",
        ends: |status| status.code() == Some(7),
        closes: false,
    },
    Way {
        name: "return",
        shown: "return from `main`",
        ends: |status| status.code() == Some(0),
        closes: true,
    },
    Way {
        name: "oom",
        shown: "killed for want of memory",
        ends: |status| by(status, libc::SIGKILL),
        closes: false,
    },
];

#[test]
fn whatever_a_process_dies_of_what_it_told_is_in_its_stream() {
    die_in_all_ways(false);
}

#[test]
fn whatever_a_process_dies_of_what_it_told_is_in_its_flight_recording() {
    die_in_all_ways(true);
}

fn die_in_all_ways(flight: bool) {
    let mut random = Random::new();
    let picked = std::env::var("HBTRACE_WAY").ok();
    let wanted = |way: &&Way| picked.as_ref().is_none_or(|picked| way.name == picked);
    for way in WAYS.iter().filter(wanted) {
        let group = (way.name == "oom").then(Group::new).flatten();
        if way.name == "oom" && group.is_none() {
            skipped(way.shown, "no memory cgroup of our own is to be had");
            continue;
        }
        let kills = long().unwrap_or(10);
        let times = if way.name == "kill" {
            kills
        } else {
            kills.div_ceil(10)
        };
        let mut sum = Found::default();
        for _ in 0..times {
            sum += die(way, flight, &mut random, group.as_ref());
        }
        tell(way, flight, times, &sum);
        assert_eq!(sum.lost, 0, "{}", way.shown);
    }
}

fn tell(way: &Way, flight: bool, times: u64, sum: &Found) {
    let what = format!(
        "{}, {}",
        way.shown,
        if flight { "flight" } else { "stream" }
    );
    let mut notes = format!(
        "{} events; the known race found in {}, the known deadlock in {}, nothing else",
        sum.events, sum.races, sum.deadlocks
    );
    if flight {
        notes += &format!(
            "; the beginning gone in {}, {} workers idle since",
            sum.recycled, sum.outside
        );
    }
    row(
        &what,
        times,
        &format!("{} steps", sum.told),
        &sum.lost.to_string(),
        &notes,
    );
}

fn die(way: &Way, flight: bool, random: &mut Random, group: Option<&Group>) -> Found {
    let run = Run::new();
    let acks_file = run.file("acks");
    let acks = Acks::open(&acks_file).unwrap();
    let moment = 1 + random.below(LATEST);
    let killed = way.name == "kill";
    let step = if killed {
        0
    } else {
        moment.div_ceil(WORKERS as u64)
    };
    let mut command = match group {
        None => Command::new(env!("CARGO_BIN_EXE_violence")),
        Some(group) => group.command(),
    };
    command
        .arg(format!("die:{}", way.name))
        .arg(&acks_file)
        .arg(step.to_string());
    command.env("HBTRACE_OUT", run.trace_file());
    // A long backtrace would put off a death by panic.
    command.env("RUST_BACKTRACE", "0");
    if flight {
        command.env("HBTRACE_FLIGHT", POOL);
    }
    let child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let status = if killed {
        kill_at(child, &acks, moment)
    } else {
        end_of(child)
    };
    assert!((way.ends)(status), "{} ended by {status}", way.shown);
    let trace = open(&run.trace_file());
    assert_eq!(trace.info.complete, way.closes);
    let told = |worker| {
        if way.closes {
            acks.kept(worker)
        } else {
            acks.told(worker)
        }
    };
    found::look(&trace, &std::array::from_fn(told))
}

/// Waits until the workers have told so many steps.
pub(crate) fn wait_for(acks: &Acks, steps: u64) {
    let begun = Instant::now();
    while acks.all() < steps {
        assert!(begun.elapsed() < PATIENCE, "it does not come on");
        std::thread::yield_now();
    }
}

/// Kills it when its workers have told so many steps.
pub(crate) fn kill_at(mut child: Child, acks: &Acks, steps: u64) -> ExitStatus {
    wait_for(acks, steps);
    child.kill().unwrap();
    child.wait().unwrap()
}

fn end_of(mut child: Child) -> ExitStatus {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("it does not die: {:?}", child.wait());
        }
        std::thread::yield_now();
    }
}

/// A control group with little memory.
struct Group {
    directory: PathBuf,
}

impl Group {
    fn new() -> Option<Group> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // Tests of one process run at once, and each has a group of its own.
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("hbtrace-violence-{}-{number}", std::process::id());
        let places = [
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            ("/sys/fs/cgroup", "memory.max"),
        ];
        places.iter().find_map(|(root, limit)| {
            let directory = Path::new(root).join(&name);
            std::fs::create_dir(&directory).ok()?;
            let group = Group { directory };
            // Elsewhere it would be a folder as any, which limits nothing.
            std::fs::metadata(group.directory.join("cgroup.procs")).ok()?;
            std::fs::write(group.directory.join(limit), "33554432").ok()?;
            // So that nothing goes to swap, where that can be said.
            let _ = std::fs::write(group.directory.join("memory.swap.max"), "0");
            Some(group)
        })
    }

    /// The program, within the group from its first instruction on.
    fn command(&self) -> Command {
        let enter = "echo $$ > \"$1\" && shift && exec \"$@\"";
        let mut command = Command::new("sh");
        command.args(["-c", enter, "sh"]);
        command.arg(self.directory.join("cgroup.procs"));
        command.arg(env!("CARGO_BIN_EXE_violence"));
        command
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // The kernel may still be burying who was in it.
        for _ in 0..1000 {
            if std::fs::remove_dir(&self.directory).is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }
}
