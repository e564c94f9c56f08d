//! From the model and the path to figures with names.

use hbtrace_traces::id::{ObjectId, SiteId, ThreadId};
use hbtrace_traces::trace::Trace;
use rustc_hash::FxHashMap;

use crate::finding::{
    Contention, LockFigures, PathSegment, PathTime, Percentile, ThreadTime, ThreadTimeline,
    TimelineSpan,
};

use super::model::Model;
use super::path::{Part, Segment};
use super::strand::{State, Target};
use super::tally::Tally;
use super::times::Times;

/// Shares of the acquisitions, in thousandths, whose wait is told.
const PER_MILLE: [u64; 5] = [500, 900, 990, 999, 1000];

/// About as many segments of the critical path are told; of a longer one,
/// short neighbours are put together.
const SEGMENTS: usize = 40_000;

/// All figures, named and in order.
pub(super) fn contention(
    trace: &Trace,
    times: &Times,
    model: Model,
    path: Vec<Segment>,
) -> Contention {
    let on_path = OnPath::of(trace, &path);
    let (locks, order) = locks(trace, &model, &on_path);
    let (path, resolution) = condensed(path, times.run.1 - times.run.0);
    Contention {
        duration_ns: Some(times.run.1 - times.run.0),
        time_error_ns: times.error,
        threads: threads(trace, &model, &on_path),
        locks,
        critical_path: path
            .iter()
            .map(|segment| named(trace, times, segment))
            .collect(),
        critical_path_resolution_ns: resolution,
        critical_path_time: on_path.time,
        what_if: Vec::new(),
        timeline: timeline(trace, times, model, &order),
    }
}

/// Time on the critical path, by what it is charged to.
struct OnPath {
    threads: Vec<u64>,
    objects: Vec<u64>,
    /// Holds alone, by the place where they began.
    sites: FxHashMap<(ObjectId, SiteId), u64>,
    time: PathTime,
}

impl OnPath {
    fn of(trace: &Trace, path: &[Segment]) -> OnPath {
        let mut charged = OnPath {
            threads: vec![0; trace.threads.len()],
            objects: vec![0; trace.objects.len()],
            sites: FxHashMap::default(),
            time: PathTime::default(),
        };
        for segment in path {
            let length = segment.to - segment.from;
            *match segment.part {
                Part::Running => &mut charged.time.running_ns,
                Part::Holding => &mut charged.time.holding_ns,
                Part::Handoff => &mut charged.time.handoff_ns,
                Part::Outside => &mut charged.time.outside_ns,
                Part::Unknown => &mut charged.time.unknown_ns,
            } += length;
            charged.threads[segment.thread.index()] += length;
            let Some(object) = segment.what.and_then(Target::object) else {
                continue;
            };
            if let Some(time) = charged.objects.get_mut(object.index()) {
                *time += length;
            }
            if segment.part == Part::Holding {
                *charged.sites.entry((object, segment.site)).or_insert(0) += length;
            }
        }
        charged
    }
}

/// Figures of the objects that threads hold or have waited for, in the order
/// of reports; and by object, its place in that order.
fn locks(trace: &Trace, model: &Model, on_path: &OnPath) -> (Vec<LockFigures>, Vec<Option<u32>>) {
    let on_path_sites = worst_sites(trace, &on_path.sites);
    let sites = worst_sites(trace, &model.tallies.sites);
    let wait_sites = worst_sites(trace, &model.tallies.wait_sites);
    let mut locks: Vec<(usize, LockFigures)> = Vec::new();
    for (object, tally) in model.tallies.objects.iter().enumerate() {
        let critical = on_path.objects[object];
        if !tally.is_lock && tally.waits.is_empty() && critical == 0 {
            continue;
        }
        let mut figures = figures_of(trace, object, tally);
        figures.critical_path_ns = critical;
        let held = on_path_sites[object].or(sites[object]);
        let worst = held.or(wait_sites[object]);
        let worst = worst.map_or("?", |(_, site)| site);
        figures.worst_site = worst.to_owned();
        locks.push((object, figures));
    }
    // What is only handed over (a channel, a barrier) has no sections that
    // could be shortened, so what is held comes first.
    let shortens = |object: usize, lock: &LockFigures| {
        model.tallies.objects[object].is_lock && lock.critical_path_ns > 0
    };
    locks.sort_by(|(a, x), (b, y)| {
        let by_use = shortens(*b, y).cmp(&shortens(*a, x));
        let by_path = by_use.then(y.critical_path_ns.cmp(&x.critical_path_ns));
        let by_wait = by_path.then(y.wait_ns.cmp(&x.wait_ns));
        by_wait.then_with(|| x.lock.cmp(&y.lock)).then(a.cmp(b))
    });
    let mut order = vec![None; trace.objects.len()];
    for (place, (object, _)) in locks.iter().enumerate() {
        order[*object] = Some(place as u32);
    }
    (
        locks.into_iter().map(|(_, figures)| figures).collect(),
        order,
    )
}

/// By object, the most time and the place that it is charged to.
fn worst_sites<'a>(
    trace: &'a Trace,
    sites: &FxHashMap<(ObjectId, SiteId), u64>,
) -> Vec<Option<(u64, &'a str)>> {
    let mut worst = vec![None; trace.objects.len()];
    for ((object, site), time) in sites {
        let Some(worst) = worst.get_mut(object.index()) else {
            continue;
        };
        let this = (*time, trace.site_text(*site));
        // Most time first, then the name that sorts first.
        let is_worse = worst.is_none_or(|(most, name)| (this.0, name) > (most, this.1));
        if is_worse {
            *worst = Some(this);
        }
    }
    worst
}

fn figures_of(trace: &Trace, object: usize, tally: &Tally) -> LockFigures {
    let mut waits = tally.waits.clone();
    waits.sort_unstable();
    let labels = &trace.objects[object];
    LockFigures {
        lock: labels.name.clone(),
        kind: labels.kind.name().to_owned(),
        site: trace.site_text(labels.site).to_owned(),
        acquisitions: tally.acquisitions,
        contended: waits.len() as u64,
        wait_ns: waits.iter().copied().fold(0, u64::saturating_add),
        max_wait_ns: waits.last().copied().unwrap_or(0),
        hold_ns: tally.hold,
        hold_error_ns: tally.hold_error(),
        critical_path_ns: 0,
        blame_ns: None,
        wait_percentiles: PER_MILLE
            .iter()
            .map(|per_mille| percentile(&waits, tally.acquisitions, *per_mille))
            .collect(),
        worst_site: String::new(),
        owner_changes: tally.owner_changes,
    }
}

/// The least wait that is not exceeded by this share of all attempts; those
/// without a wait come first, as zero.
fn percentile(waits: &[u64], attempts: u64, per_mille: u64) -> Percentile {
    let rank = (u128::from(attempts) * u128::from(per_mille)).div_ceil(1000) as u64;
    let without = attempts.saturating_sub(waits.len() as u64);
    let wait_ns = match rank.saturating_sub(without) {
        0 => 0,
        place => waits[(place as usize).min(waits.len()) - 1],
    };
    Percentile {
        percent: per_mille as f64 / 10.0,
        wait_ns,
    }
}

fn threads(trace: &Trace, model: &Model, on_path: &OnPath) -> Vec<ThreadTime> {
    let mut threads = Vec::new();
    for (thread, strand) in model.strands.iter().enumerate() {
        let mut time = ThreadTime {
            thread: trace.threads[thread].name.clone(),
            critical_path_ns: on_path.threads[thread],
            ..ThreadTime::default()
        };
        for span in &strand.spans {
            let length = span.to - span.from;
            match span.state {
                State::Running => time.running_ns += length,
                State::Holding => {
                    time.running_ns += length;
                    time.holding_ns += length;
                }
                State::Waiting => time.waiting_ns += length,
                State::TimedOut | State::Outside => time.outside_ns += length,
            }
        }
        threads.push(time);
    }
    threads
}

fn named(trace: &Trace, times: &Times, segment: &Segment) -> PathSegment {
    PathSegment {
        thread: thread_name(trace, segment.thread),
        from_ns: segment.from - times.run.0,
        to_ns: segment.to - times.run.0,
        state: segment.part.name().to_owned(),
        lock: segment.what.map(|what| match what {
            Target::Object(object) => trace
                .objects
                .get(object.index())
                .map_or_else(|| "?".to_owned(), |object| object.name.clone()),
            Target::Thread(thread) => thread_name(trace, thread),
        }),
        site: trace.site_text(segment.site).to_owned(),
    }
}

fn thread_name(trace: &Trace, thread: ThreadId) -> String {
    trace
        .threads
        .get(thread.index())
        .map_or_else(|| "?".to_owned(), |thread| thread.name.clone())
}

/// The path in at most some [`SEGMENTS`], and the length below which segments
/// were put together; 0 if none were.
///
/// A path through millions of critical sections is of no use as a list.
/// Neighbours are put together until they are long enough, and the longest of
/// them gives its name. They still tile the run.
fn condensed(path: Vec<Segment>, run: u64) -> (Vec<Segment>, u64) {
    if path.len() <= SEGMENTS {
        return (path, 0);
    }
    let resolution = run.div_ceil(SEGMENTS as u64 / 2).max(1);
    let mut groups: Vec<Segment> = Vec::new();
    // Length of the longest in the last group, while that takes more.
    let mut open: Option<u64> = None;
    for segment in path {
        let length = segment.to - segment.from;
        match (open, groups.last_mut()) {
            (Some(longest), Some(group)) if length < resolution => {
                let (from, to) = (group.from, segment.to);
                if length > longest {
                    *group = segment;
                }
                (group.from, group.to) = (from, to);
                let goes_on = to - from < resolution;
                open = goes_on.then_some(longest.max(length));
            }
            _ => {
                groups.push(segment);
                open = (length < resolution).then_some(length);
            }
        }
    }
    (groups, resolution)
}

fn timeline(
    trace: &Trace,
    times: &Times,
    model: Model,
    order: &[Option<u32>],
) -> Vec<ThreadTimeline> {
    let start = times.run.0;
    let rows = model.strands.into_iter().zip(&trace.threads);
    rows.map(|(strand, thread)| ThreadTimeline {
        thread: thread.name.clone(),
        spans: strand
            .spans
            .into_iter()
            .map(|span| TimelineSpan {
                from_ns: span.from - start,
                to_ns: span.to - start,
                state: match span.state {
                    State::Running => "running",
                    State::Holding => "holding",
                    State::Waiting => "waiting",
                    State::TimedOut | State::Outside => "outside",
                },
                lock: span
                    .what
                    .and_then(Target::object)
                    .and_then(|object| *order.get(object.index())?),
            })
            .collect(),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(from: u64, to: u64, part: Part) -> Segment {
        Segment {
            thread: ThreadId(0),
            from,
            to,
            part,
            what: None,
            site: SiteId::UNKNOWN,
        }
    }

    #[test]
    fn a_long_path_is_told_in_few_segments_that_still_tile_the_run() {
        let pairs = (0..1_000_000).flat_map(|at: u64| {
            let from = at * 10;
            [
                segment(from, from + 7, Part::Holding),
                segment(from + 7, from + 10, Part::Running),
            ]
        });
        let long = segment(10_000_000, 20_000_000, Part::Outside);
        let (told, resolution) = condensed(pairs.chain([long]).collect(), 20_000_000);
        assert_eq!(resolution, 1_000);
        assert!(told.len() <= 2 * SEGMENTS);
        assert!(told.windows(2).all(|pair| pair[0].to == pair[1].from));
        assert_eq!((told[0].from, told[0].part), (0, Part::Holding));
        assert_eq!(told.last(), Some(&long));
    }

    #[test]
    fn a_short_path_is_told_exactly() {
        let path = vec![segment(0, 1, Part::Running), segment(1, 900, Part::Holding)];
        assert_eq!(condensed(path.clone(), 900), (path, 0));
    }

    #[test]
    fn attempts_without_a_wait_count_as_zero() {
        let percentiles = PER_MILLE.map(|share| percentile(&[5, 8], 20, share).wait_ns);
        assert_eq!(percentiles, [0, 0, 8, 8, 8]);
    }
}
