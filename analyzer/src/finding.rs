//! What analyses say: the meeting place of analyses and reports.
//!
//! Everything here is plain data with names already resolved and in a fixed
//! order, so that a report is a pure function of it.

use serde::Serialize;

/// All findings about one trace.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Findings {
    /// The trace itself.
    pub trace: TraceFigures,
    /// Every racy pair of sides, sorted by the sides.
    pub races: Vec<Race>,
    /// Potential and actual deadlocks, sorted by cycle.
    pub deadlocks: Vec<Deadlock>,
    /// Threads that still waited when the trace ended, by thread. No fault in
    /// itself: a pool's idle threads wait for work until the process ends.
    pub waits_at_end: Vec<EndWait>,
    /// Who waited for whom, and what held the run up.
    pub contention: Contention,
    /// Sentences that qualify all of the above.
    pub warnings: Vec<String>,
}

/// How large and how whole the trace is. Times are nanoseconds.
#[derive(Clone, Debug, Default, Serialize)]
#[allow(missing_docs)]
pub struct TraceFigures {
    pub file: String,
    pub format: String,
    pub threads: u64,
    pub events: u64,
    pub accesses: u64,
    pub sync_events: u64,
    pub objects: u64,
    pub locations: u64,
    pub sites: u64,
    /// `None` where the trace has no time.
    pub duration_ns: Option<u64>,
    /// CPUs of the recording machine, 0 if unknown.
    pub cpus: u32,
    pub complete: bool,
    pub lost_events: u64,
    pub truncated: bool,
    /// It is a flight recording.
    pub flight: bool,
    /// Since the trace's start, from which on verdicts hold; `None` if from its
    /// beginning.
    pub verdicts_from_ns: Option<u64>,
    /// Likewise, up to which they hold; `None` if to its end.
    pub verdicts_to_ns: Option<u64>,
}

/// An unordered pair of sides that race.
#[derive(Clone, Debug, Serialize)]
pub struct Race {
    /// Stable name of the pair: kinds, files and what the location is called,
    /// hashed.
    pub fingerprint: String,
    /// The side whose (site, kind) sorts first.
    pub first: Side,
    /// The other.
    pub second: Side,
    /// Distinct locations it concerns.
    pub locations: u64,
    /// Distinct (location, thread, thread).
    pub pairs: u64,
    /// Another race may explain this one: its read decided the control flow
    /// or the order that led here.
    pub consequence: bool,
    /// Why nothing orders the two, as sentences: the nearest sync events of
    /// both threads.
    pub why: Vec<String>,
}

/// One side of a race, with the example's access.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Side {
    /// `read`, `write`, `atomic read`, `atomic write` or `free`.
    pub kind: String,
    /// `path:line:column`, the third field of a text trace, or `?`.
    pub site: String,
    /// Name of the thread.
    pub thread: String,
    /// Name or byte range of the location.
    pub location: String,
    /// Locks held, in the order they were taken.
    pub held: Vec<String>,
    /// Name of the function, where known.
    pub function: Option<String>,
    /// Frames as `function at place`, innermost first, where known: the
    /// function, and those that it was inlined into.
    pub stack: Vec<String>,
    /// Whether the thread's creation was not recorded.
    pub foreign_thread: bool,
}

/// A cycle of threads that each hold what the next wants.
#[derive(Clone, Debug, Serialize)]
pub struct Deadlock {
    /// Stable name of the cycle: files and what the locks are called, hashed.
    pub fingerprint: String,
    /// It stands at the end of the trace, and not only could happen.
    pub actual: bool,
    /// The steps; each wants what the next one holds.
    pub cycle: Vec<CycleStep>,
}

/// One thread of a deadlock.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct CycleStep {
    /// Name of the thread.
    pub thread: String,
    /// Locks it holds.
    pub holds: Vec<String>,
    /// The lock (or thread, when it joins) that it wants.
    pub acquires: String,
    /// Where.
    pub site: String,
    /// It wants the shared side of the lock. If the next step does not hold
    /// that lock exclusively, it waits behind that step's own request for the
    /// exclusive side.
    pub acquires_shared: bool,
    /// Where it took what the previous step wants; `?` if unknown.
    pub holds_since: String,
    /// It holds the shared side of that.
    pub holds_shared: bool,
}

/// A thread that still waited when the trace ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EndWait {
    /// Name of the thread.
    pub thread: String,
    /// What it waited for; its own name where it was parked.
    pub object: String,
    /// `mutex`, `channel`, ..., or `thread` where it waited for one to end.
    pub kind: String,
    /// Where.
    pub site: String,
    /// Locks it held, in the order they were taken.
    pub holds: Vec<String>,
    /// When the wait began, from the trace's start on; `None` if unknown.
    pub since_ns: Option<u64>,
}

/// Contention and critical path. Empty where the trace has no time.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Contention {
    /// Length of the run.
    pub duration_ns: Option<u64>,
    /// Largest gap between stamps that an interpolated time rests on.
    pub time_error_ns: u64,
    /// By thread, in order of appearance.
    pub threads: Vec<ThreadTime>,
    /// First what is held on the critical path, since shortening that may
    /// save time; then by critical-path time, summed wait, name.
    pub locks: Vec<LockFigures>,
    /// From the run's beginning to its end: disjoint, contiguous, and as long
    /// as the run.
    pub critical_path: Vec<PathSegment>,
    /// Segments shorter than this were put together, and are named after the
    /// longest of them; 0 where the path is told exactly. Figures are exact.
    pub critical_path_resolution_ns: u64,
    /// What the critical path is made of, exactly.
    pub critical_path_time: PathTime,
    /// Predictions; none yet.
    pub what_if: Vec<WhatIf>,
    /// Every thread's states over time, for the drawings only.
    #[serde(skip)]
    pub timeline: Vec<ThreadTimeline>,
}

/// What a thread did with its time.
#[derive(Clone, Debug, Default, Serialize)]
#[allow(missing_docs)]
pub struct ThreadTime {
    pub thread: String,
    pub running_ns: u64,
    /// Part of `running_ns` with at least one lock held.
    pub holding_ns: u64,
    pub waiting_ns: u64,
    pub outside_ns: u64,
    pub unknown_ns: u64,
    pub critical_path_ns: u64,
}

/// What an object that threads wait for cost.
#[derive(Clone, Debug, Default, Serialize)]
#[allow(missing_docs)]
pub struct LockFigures {
    pub lock: String,
    /// `mutex`, `rwlock`, `channel`, ...
    pub kind: String,
    /// Where it was created.
    pub site: String,
    pub acquisitions: u64,
    pub contended: u64,
    pub wait_ns: u64,
    pub max_wait_ns: u64,
    pub hold_ns: u64,
    /// How far `hold_ns` may be off, as times between stamps are interpolated.
    pub hold_error_ns: u64,
    pub critical_path_ns: u64,
    /// Charged to its holders; `None` until blame is computed.
    pub blame_ns: Option<u64>,
    pub wait_percentiles: Vec<Percentile>,
    /// Site that held it longest, on the critical path if it was there; of
    /// what is never held, the site that waited longest for it.
    pub worst_site: String,
    /// How often the next holder was another thread.
    pub owner_changes: u64,
}

/// The wait that this share of the acquisitions did not exceed.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[allow(missing_docs)]
pub struct Percentile {
    pub percent: f64,
    pub wait_ns: u64,
}

/// Time of the critical path by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct PathTime {
    pub running_ns: u64,
    pub holding_ns: u64,
    pub handoff_ns: u64,
    pub outside_ns: u64,
    pub unknown_ns: u64,
}

/// A stretch of the critical path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct PathSegment {
    pub thread: String,
    pub from_ns: u64,
    pub to_ns: u64,
    /// `running`, `holding`, `handoff`, `outside` or `unknown`.
    pub state: String,
    /// The innermost lock held, or the object handed off.
    pub lock: Option<String>,
    pub site: String,
}

/// A prediction.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct WhatIf {
    pub lock: String,
    pub scale: f64,
    pub predicted_ns: u64,
    pub bound_ns: u64,
    pub self_check_ns: i64,
}

/// A thread's row of the timeline.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct ThreadTimeline {
    pub thread: String,
    pub spans: Vec<TimelineSpan>,
}

/// A state of a thread for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct TimelineSpan {
    pub from_ns: u64,
    pub to_ns: u64,
    /// `running`, `holding`, `waiting`, `outside` or `unknown`.
    pub state: &'static str,
    /// Index into [`Contention::locks`] of the lock held or waited for.
    pub lock: Option<u32>,
}
