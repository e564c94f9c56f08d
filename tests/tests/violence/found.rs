//! What the recording of a process that died holds, beside what the process
//! had told.

use std::ops::AddAssign;

use hbtrace_tests::acks::{ACCESSES, STEPS, WORKERS, WRITES};
use hbtrace_tests::lawful;
use hbtrace_traces::event::{NO_NUMBER, SyncEvent};
use hbtrace_traces::kind::Kind;
use hbtrace_traces::trace::{Stream, Trace};

/// Figures of some recordings.
#[derive(Default)]
pub(crate) struct Found {
    /// Events in them.
    pub(crate) events: u64,
    /// Steps that were told.
    pub(crate) told: u64,
    /// Steps that were told and are not there.
    pub(crate) lost: u64,
    /// Workers of whom the window of a flight recording holds nothing.
    pub(crate) outside: u64,
    /// Recordings of which the beginning is gone.
    pub(crate) recycled: u64,
    /// Recordings in which a race was found.
    pub(crate) races: u64,
    /// Recordings in which a deadlock was found.
    pub(crate) deadlocks: u64,
}

impl AddAssign for Found {
    fn add_assign(&mut self, other: Found) {
        self.events += other.events;
        self.told += other.told;
        self.lost += other.lost;
        self.outside += other.outside;
        self.recycled += other.recycled;
        self.races += other.races;
        self.deadlocks += other.deadlocks;
    }
}

/// Looks at a recording; `told` says how many steps each worker had told.
/// Whatever is there must be lawful, and nothing must be found but what is
/// known to be wrong.
pub(crate) fn look(trace: &Trace, told: &[u64; WORKERS]) -> Found {
    assert_eq!(trace.info.lost_events, 0);
    assert!(!trace.info.truncated, "{:?}", trace.info.warnings);
    let wrong = lawful::unreleased(trace);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let mut found = Found {
        events: trace.sync_events() + crate::accesses(trace),
        ..Found::default()
    };
    for (worker, told) in told.iter().enumerate() {
        match steps(trace, worker) {
            Some(steps) => {
                found.told += told;
                found.lost += told.saturating_sub(steps);
            }
            None => found.outside += 1,
        }
    }
    found.recycled = u64::from(is_cut(trace));
    only_known(trace, &mut found);
    found
}

/// Whether its beginning is gone.
fn is_cut(trace: &Trace) -> bool {
    trace.info.verdicts_from.is_some()
}

/// Findings outside `racy.rs` are false.
fn only_known(trace: &Trace, found: &mut Found) {
    let findings = hbtrace_analyzer::analyze(trace, &hbtrace_analyzer::Options::default());
    let known = |site: &str| site.contains("violence/racy.rs");
    for race in &findings.races {
        let both = known(&race.first.site) && known(&race.second.site);
        assert!(both, "a false race: {race:?}");
    }
    for deadlock in &findings.deadlocks {
        let all = deadlock.cycle.iter().all(|step| known(&step.site));
        assert!(all && !deadlock.actual, "a false deadlock: {deadlock:?}");
    }
    found.races = u64::from(!findings.races.is_empty());
    found.deadlocks = u64::from(!findings.deadlocks.is_empty());
}

/// Steps of a worker that the recording holds, whose beginning may be gone;
/// `None` if nothing says how many they are.
fn steps(trace: &Trace, worker: usize) -> Option<u64> {
    let name = format!("worker {worker}");
    let id = trace
        .threads
        .iter()
        .position(|thread| thread.name == name)?;
    let stream = &trace.streams[id];
    let added = |event: &&SyncEvent| event.kind == Kind::Rmw && event.number != NO_NUMBER;
    let rounds: Vec<_> = stream.sync.iter().filter(added).collect();
    let (Some(first), Some(last)) = (rounds.first(), rounds.last()) else {
        // Not even the first one.
        return (!is_cut(trace)).then(|| stream.accesses.count());
    };
    for (at, round) in rounds.iter().enumerate() {
        let expected = first.number + at as u64;
        assert_eq!(round.number, expected, "{name} misses a round");
    }
    let between = accesses_from(stream, first.accesses) - accesses_from(stream, last.accesses);
    let whole = last.number - first.number;
    assert_eq!(between, whole * ACCESSES, "{name} misses accesses");
    Some((last.number - 1) * STEPS + WRITES + 1 + behind(stream, last))
}

/// Steps after the last addition.
fn behind(stream: &Stream, last: &SyncEvent) -> u64 {
    let is_last = |event: &SyncEvent| event.kind == Kind::Rmw && event.number == last.number;
    let at = stream.sync.iter().rposition(is_last).unwrap();
    let after = &stream.sync[at..];
    let has = |kind| after.iter().any(|event| event.kind == kind);
    let update = ACCESSES - WRITES;
    let accesses = accesses_from(stream, last.accesses);
    let held = has(Kind::Acq) && accesses >= update;
    let steps = [held, has(Kind::Rel), has(Kind::Send)];
    let done = steps.iter().filter(|done| **done).count() as u64;
    done + accesses.saturating_sub(update)
}

fn accesses_from(stream: &Stream, position: u64) -> u64 {
    let mut count = 0;
    let range = position.max(stream.accesses.start())..stream.accesses.end();
    stream.accesses.walk(range, |_, _| count += 1);
    count
}
