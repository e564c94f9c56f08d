//! Laws of the contention analysis, against random runs.

mod generate;
mod naive;

use std::path::Path;

use hbtrace_traces::id::ThreadId;
use hbtrace_traces::trace::{Step, Trace};

use super::times::Times;
use crate::finding::{Contention, LockFigures};
use generate::{Line, Random};

const RUNS: u64 = 120;
const STEPS: usize = 600;

fn parse(text: &str) -> Trace {
    let options = hbtrace_traces::read::Options::default();
    hbtrace_traces::text::parse(Path::new("run.std"), text.as_bytes(), options)
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn analyze(text: &str) -> Contention {
    super::analyze(&parse(text))
}

fn lock<'a>(contention: &'a Contention, name: &str) -> &'a LockFigures {
    let mut locks = contention.locks.iter();
    locks
        .find(|lock| lock.lock == name)
        .expect("the lock has figures")
}

/// Random runs with a length; about a `percent`th of their lines stamped.
fn runs(percent: usize) -> impl Iterator<Item = (u64, Vec<Line>, String)> {
    let run = move |seed| {
        let lines = generate::run(seed, STEPS);
        let mut random = Random::new(seed + 1_000_000);
        let last = lines.len() - 1;
        let stamped = |at| at == 0 || at == last || random.below(100) < percent;
        let text = generate::text(&lines, stamped);
        (seed, lines, text)
    };
    (0..RUNS)
        .map(run)
        .filter(|(_, lines, _)| lines[lines.len() - 1].time > lines[0].time)
}

#[test]
fn the_path_is_that_of_the_slow_twin() {
    for (seed, lines, text) in runs(100) {
        let contention = analyze(&text);
        let mut path = Vec::new();
        for segment in &contention.critical_path {
            for _ in segment.from_ns..segment.to_ns {
                let moment = (&segment.thread, segment.state.as_str(), &segment.lock);
                path.push(moment);
            }
        }
        let expected = naive::critical_path(&lines);
        let expected: Vec<_> = expected
            .iter()
            .map(|m| (&m.thread, m.state, &m.lock))
            .collect();
        assert_eq!(path, expected, "seed {seed}\n{text}");
    }
}

/// The twin would prove little if paths led through a few kinds of waits only.
#[test]
fn random_paths_lead_through_every_kind_of_wait() {
    let mut handed_off = std::collections::BTreeMap::new();
    for (_, _, text) in runs(100) {
        for segment in analyze(&text).critical_path {
            if let ("handoff", Some(lock)) = (segment.state.as_str(), segment.lock) {
                *handed_off.entry(lock).or_insert(0) += 1;
            }
        }
    }
    for object in ["m0", "m1", "rw", "c", "b", "v", "z", "s", "o", "t1"] {
        let times = handed_off.get(object).copied().unwrap_or(0);
        assert!(times >= 2, "{object}: {handed_off:?}");
    }
}

#[test]
fn the_path_tiles_the_run_exactly() {
    for percent in [0, 10, 50, 100] {
        for (seed, _, text) in runs(percent) {
            let contention = analyze(&text);
            let mut at = 0;
            for segment in &contention.critical_path {
                assert_eq!(segment.from_ns, at, "seed {seed}\n{text}");
                assert!(segment.to_ns > at, "seed {seed}\n{text}");
                at = segment.to_ns;
            }
            assert_eq!(Some(at), contention.duration_ns, "seed {seed}\n{text}");
        }
    }
}

#[test]
fn critical_path_time_of_locks_and_threads_is_that_of_the_segments() {
    for (seed, _, text) in runs(60) {
        let contention = analyze(&text);
        let length = contention.duration_ns.expect("it has a time");
        let of_threads: u64 = contention.threads.iter().map(|t| t.critical_path_ns).sum();
        assert_eq!(of_threads, length, "seed {seed}");
        for lock in &contention.locks {
            let its = contention
                .critical_path
                .iter()
                .filter(|s| s.lock.as_ref() == Some(&lock.lock));
            let sum: u64 = its.map(|s| s.to_ns - s.from_ns).sum();
            assert_eq!(
                lock.critical_path_ns, sum,
                "seed {seed} {}\n{text}",
                lock.lock
            );
            assert!(lock.contended <= lock.acquisitions);
            assert!(lock.max_wait_ns <= lock.wait_ns);
            let all = lock.wait_percentiles.last().expect("there are percentiles");
            assert_eq!(all.wait_ns, lock.max_wait_ns, "seed {seed} {}", lock.lock);
        }
    }
}

#[test]
fn a_threads_states_are_contiguous_and_sum_to_its_life() {
    for (seed, _, text) in runs(60) {
        let contention = analyze(&text);
        for (timeline, time) in contention.timeline.iter().zip(&contention.threads) {
            for pair in timeline.spans.windows(2) {
                assert_eq!(pair[0].to_ns, pair[1].from_ns, "seed {seed}\n{text}");
            }
            let life = match (timeline.spans.first(), timeline.spans.last()) {
                (Some(first), Some(last)) => last.to_ns - first.from_ns,
                _ => 0,
            };
            let sum = time.running_ns + time.waiting_ns + time.outside_ns + time.unknown_ns;
            assert_eq!(sum, life, "seed {seed} {}\n{text}", time.thread);
        }
    }
}

#[test]
fn holds_are_those_of_the_slow_twin() {
    for (seed, lines, text) in runs(100).take(25) {
        let contention = analyze(&text);
        for lock in contention.locks.iter().filter(|lock| lock.hold_ns > 0) {
            let expected = naive::hold(&lines, &lock.lock);
            assert_eq!(lock.hold_ns, expected, "seed {seed} {}\n{text}", lock.lock);
            assert_eq!(lock.hold_error_ns, 0, "seed {seed} {}", lock.lock);
        }
    }
}

#[test]
fn interpolated_times_are_as_close_to_the_truth_as_they_say() {
    for percent in [0, 10, 50, 90] {
        for (seed, lines, text) in runs(percent) {
            let trace = parse(&text);
            let times = Times::of(&trace).expect("it has a time");
            let mut line_of = lines_by_thread(&trace, &lines);
            for step in &trace.steps {
                let Step::Sync { thread, index } = *step else {
                    continue;
                };
                let truth = line_of[thread.index()]
                    .next()
                    .expect("a line for each event");
                let at = times.at(thread, index);
                let (low, high) = times.range(thread, index);
                assert!(
                    low <= truth && truth <= high,
                    "seed {seed} {thread:?} {index}\n{text}"
                );
                assert!(
                    low <= at && at <= high,
                    "seed {seed} {thread:?} {index}\n{text}"
                );
            }
        }
    }
}

fn lines_by_thread<'a>(trace: &Trace, lines: &'a [Line]) -> Vec<impl Iterator<Item = u64> + 'a> {
    let of = |name: String| {
        lines
            .iter()
            .filter(move |l| format!("t{}", l.thread) == name)
            .map(|l| l.time)
    };
    trace
        .threads
        .iter()
        .map(|thread| of(thread.name.clone()))
        .collect()
}

#[test]
fn holds_are_as_close_to_the_truth_as_they_say() {
    for percent in [0, 10, 50, 90] {
        for (seed, lines, text) in runs(percent) {
            let truth = analyze(&generate::text(&lines, |_| true));
            let contention = analyze(&text);
            for known in &truth.locks {
                let Some(lock) = contention.locks.iter().find(|l| l.lock == known.lock) else {
                    continue;
                };
                let off = lock.hold_ns.abs_diff(known.hold_ns);
                assert!(
                    off <= lock.hold_error_ns,
                    "seed {seed} {} {off}\n{text}",
                    lock.lock
                );
            }
        }
    }
}

#[test]
fn times_never_run_against_the_order_of_a_lock() {
    for (seed, _, text) in runs(20) {
        let trace = parse(&text);
        let times = Times::of(&trace).expect("it has a time");
        let mut last = vec![0; trace.objects.len()];
        let mut of_thread = vec![0; trace.threads.len()];
        for step in &trace.steps {
            let Step::Sync { thread, index } = *step else {
                continue;
            };
            let event = trace.sync(thread, index);
            let at = times.at(thread, index);
            let ThreadId(own) = thread;
            assert!(at >= of_thread[own as usize], "seed {seed}\n{text}");
            of_thread[own as usize] = at;
            let takes_alone = ["acq", "rel", "woken", "wait"].contains(&event.kind.name());
            let lock = Trace::lock_of(event).index();
            if takes_alone && trace.objects[lock].name.starts_with('m') {
                assert!(at >= last[lock], "seed {seed}\n{text}");
                last[lock] = at;
            }
        }
    }
}

#[test]
fn a_hand_off_leads_to_the_last_holder() {
    let contention = analyze(
        "a|fork(b)|x:1|0\na|acq(l)|x:2|10\nb|req(l)|x:3|20\na|rel(l)|x:2|70\n\
         b|acq(l)|x:3|75\nb|rel(l)|x:3|100\n",
    );
    let path: Vec<_> = contention
        .critical_path
        .iter()
        .map(|s| {
            (
                s.thread.as_str(),
                s.from_ns,
                s.to_ns,
                s.state.as_str(),
                s.site.as_str(),
            )
        })
        .collect();
    let expected = [
        ("a", 0, 10, "running", "x:1"),
        ("a", 10, 70, "holding", "x:2"),
        ("b", 70, 75, "handoff", "x:3"),
        ("b", 75, 100, "holding", "x:3"),
    ];
    assert_eq!(path, expected);
    let figures = lock(&contention, "l");
    assert_eq!((figures.acquisitions, figures.contended), (2, 1));
    assert_eq!(
        (figures.wait_ns, figures.hold_ns, figures.critical_path_ns),
        (55, 85, 90)
    );
    assert_eq!(
        (figures.owner_changes, figures.worst_site.as_str()),
        (1, "x:2")
    );
    let waits: Vec<u64> = figures.wait_percentiles.iter().map(|p| p.wait_ns).collect();
    assert_eq!(waits, [0, 55, 55, 55, 55]);
}

#[test]
fn a_wait_that_timed_out_is_time_outside() {
    let contention =
        analyze("a|acq(l)|x:1|0\na|wait(v,l)|x:2|10\na|woken(v,l)|x:2|60\na|rel(l)|x:1|61\n");
    assert_eq!(contention.critical_path[1].state, "outside");
    assert_eq!(contention.threads[0].outside_ns, 50);
}

#[test]
fn a_thread_that_nobody_created_is_unknown_before_its_first_event() {
    let contention = analyze("a|w(x)|x:1|0\nb|w(y)|x:2|40\nb|w(y)|x:2|90\n");
    let states: Vec<_> = contention
        .critical_path
        .iter()
        .map(|s| (s.state.as_str(), s.to_ns))
        .collect();
    assert_eq!(states, [("unknown", 40), ("running", 90)]);
}

#[test]
fn a_trace_without_time_has_no_contention() {
    let contention = analyze("a|acq(l)|x:1\na|rel(l)|x:1\n");
    assert_eq!(contention.duration_ns, None);
    assert!(contention.locks.is_empty() && contention.critical_path.is_empty());
}

#[test]
fn a_trace_of_one_moment_has_no_path() {
    let contention = analyze("a|acq(l)|x:1|7\na|rel(l)|x:1|7\n");
    assert_eq!(contention.duration_ns, Some(0));
    assert!(contention.critical_path.is_empty());
}

#[test]
fn a_wait_that_never_ends_lasts_to_the_end_of_the_run() {
    let contention = analyze("a|fork(b)|x:1|0\na|acq(l)|x:2|5\nb|req(l)|x:3|10\na|w(x)|x:4|100\n");
    let figures = lock(&contention, "l");
    assert_eq!(
        (figures.acquisitions, figures.contended, figures.wait_ns),
        (2, 1, 90)
    );
    assert_eq!(figures.hold_ns, 95);
}

#[test]
fn waits_that_sum_to_more_than_a_number_holds_do_not_wrap() {
    let mut text = "a|acq(l)|x:1|0\n".to_owned();
    for thread in 0..9 {
        text += &format!("b{thread}|req(l)|x:2|9\n");
    }
    text += &format!("a|w(x)|x:3|{}\n", 1_u64 << 62);
    assert_eq!(lock(&analyze(&text), "l").wait_ns, u64::MAX);
}

/// Thread and time of each hop of the path, from its beginning.
fn hops(contention: &Contention) -> Vec<(&str, u64)> {
    let pairs = contention.critical_path.windows(2);
    pairs
        .filter(|pair| pair[0].thread != pair[1].thread)
        .map(|pair| (pair[1].thread.as_str(), pair[1].from_ns))
        .collect()
}

#[test]
fn a_notification_of_another_thread_wakes_nobody_else() {
    let contention = analyze(
        "a|fork(b)|x:1|0\na|fork(c)|x:1|0\nb|acq(l)|x:2|1\nb|wait(v,l)|x:3|2\n\
         c|notify(v,b)|x:4|30\nc|notify(v,a)|x:5|50\nb|woken(v,l)|x:3|60\nb|rel(l)|x:2|70\n",
    );
    assert_eq!(hops(&contention), [("b", 30)]);
}

#[test]
fn an_arrival_of_the_next_generation_does_not_end_the_wait_for_this_one() {
    let contention = analyze(
        "a|barrier(z,2)|x:1|0\na|fork(b)|x:1|0\nb|arrive(z)|x:2|5\nb|req(z)|x:2|5\n\
         a|arrive(z)|x:3|40\na|depart(z)|x:3|41\na|arrive(z)|x:3|50\nb|depart(z)|x:2|60\n\
         b|w(x)|x:4|90\n",
    );
    assert_eq!(hops(&contention), [("b", 40)]);
}

#[test]
fn a_lock_on_the_path_comes_before_a_channel_that_is_only_handed_over() {
    let contention = analyze(
        "a|fork(b)|x:1|0\nb|req(c)|x:2|1\na|acq(l)|x:3|2\na|rel(l)|x:3|12\na|send(c)|x:4|20\n\
         b|recv(c)|x:2|60\nb|w(x)|x:5|70\n",
    );
    let order: Vec<_> = contention
        .locks
        .iter()
        .map(|lock| (lock.lock.as_str(), lock.critical_path_ns))
        .collect();
    assert_eq!(order, [("l", 10), ("c", 40)]);
}

#[test]
fn objects_are_called_as_everywhere_else() {
    let contention =
        analyze("a|fork(b)|x:1|0\nb|req(g)|x:2|1\na|wg_done(g)|x:3|20\nb|wg_wait(g)|x:2|30\n");
    assert_eq!(lock(&contention, "g").kind, "wait group");
}
