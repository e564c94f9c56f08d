//! Deadlocks of small text traces.

use std::path::Path;

use hbtrace_traces::trace::Trace;
use hbtrace_traces::{read, text};

use super::{Verdict, analyze};

/// `actual` or `potential`, then each step as `THREAD wants LOCK at SITE`.
pub(super) fn deadlocks(trace: &str) -> Vec<String> {
    let verdict = verdict(trace);
    let found = verdict.deadlocks.iter().map(|deadlock| {
        let steps = deadlock
            .cycle
            .iter()
            .map(|step| format!("{} wants {} at {}", step.thread, step.acquires, step.site));
        let sort = if deadlock.actual {
            "actual"
        } else {
            "potential"
        };
        format!("{sort}: {}", steps.collect::<Vec<_>>().join(", "))
    });
    found.chain(verdict.warnings).collect()
}

pub(super) fn parse(trace: &str) -> Trace {
    let trace = lines(trace);
    let options = read::Options::default();
    text::parse(Path::new("x.std"), trace.as_bytes(), options).unwrap()
}

fn verdict(trace: &str) -> Verdict {
    analyze(&parse(trace))
}

/// Each open wait as `THREAD for KIND OBJECT at SITE since TIME [HOLDS]`.
fn at_end(trace: &str) -> Vec<String> {
    let waits = verdict(trace).waits_at_end;
    let told = waits.iter().map(|wait| {
        let since = wait.since_ns.map_or("?".to_owned(), |ns| ns.to_string());
        let holds = wait.holds.join(",");
        format!(
            "{} for {} {} at {} since {since} [{holds}]",
            wait.thread, wait.kind, wait.object, wait.site
        )
    });
    told.collect()
}

/// Events separated by blanks, as lines.
fn lines(trace: &str) -> String {
    trace
        .split_whitespace()
        .map(|line| format!("{line}\n"))
        .collect()
}

const NOTHING: [&str; 0] = [];

#[test]
fn inversion_deadlock() {
    let trace =
        "A|acq(a)|1 A|acq(b)|2 A|rel(b)|3 A|rel(a)|4 B|acq(b)|5 B|acq(a)|6 B|rel(a)|7 B|rel(b)|8";
    assert_eq!(
        deadlocks(trace),
        ["potential: A wants b at 2, B wants a at 6"]
    );
}

#[test]
fn same_order_no_deadlock() {
    let trace =
        "A|acq(a)|1 A|acq(b)|2 A|rel(b)|3 A|rel(a)|4 B|acq(a)|5 B|acq(b)|6 B|rel(b)|7 B|rel(a)|8";
    assert_eq!(deadlocks(trace), NOTHING);
}

#[test]
fn inversion_in_one_thread_no_deadlock() {
    let trace =
        "A|acq(a)|1 A|acq(b)|2 A|rel(b)|3 A|rel(a)|4 A|acq(b)|5 A|acq(a)|6 A|rel(a)|7 A|rel(b)|8";
    assert_eq!(deadlocks(trace), NOTHING);
}

#[test]
fn guarded_inversion_no_deadlock() {
    let a = "A|acq(g)|0 A|acq(a)|1 A|acq(b)|2 A|rel(b)|3 A|rel(a)|4 A|rel(g)|4";
    let b = "B|acq(g)|0 B|acq(b)|5 B|acq(a)|6 B|rel(a)|7 B|rel(b)|8 B|rel(g)|8";
    assert_eq!(deadlocks(&format!("{a} {b}")), NOTHING);
    // A guard that both only share guards nothing.
    let shared = |text: &str| {
        text.replace("acq(g)", "racq(g)")
            .replace("rel(g)", "rrel(g)")
    };
    let both = deadlocks(&format!("{} {}", shared(a), shared(b)));
    assert_eq!(both, ["potential: A wants b at 2, B wants a at 6"]);
    assert_eq!(deadlocks(&format!("{a} {}", shared(b))), NOTHING);
}

#[test]
fn inversion_after_join_no_deadlock() {
    let trace = "M|fork(A)|0 A|acq(a)|1 A|acq(b)|2 A|rel(b)|3 A|rel(a)|4 M|join(A)|0 \
                 M|acq(b)|5 M|acq(a)|6 M|rel(a)|7 M|rel(b)|8";
    assert_eq!(deadlocks(trace), NOTHING);
}

#[test]
fn inversion_after_message_no_deadlock() {
    let trace = "A|acq(a)|1 A|acq(b)|2 A|rel(b)|3 A|rel(a)|4 A|send(c)|0 B|recv(c)|0 \
                 B|acq(b)|5 B|acq(a)|6 B|rel(a)|7 B|rel(b)|8";
    assert_eq!(deadlocks(trace), NOTHING);
}

#[test]
fn inversion_before_message_of_a_later_round_deadlock() {
    // The first round of B is ordered behind A's, the second round of A is not.
    let round = "A|acq(a)|1 A|acq(b)|2 A|rel(b)|3 A|rel(a)|4";
    let other = "B|acq(b)|5 B|acq(a)|6 B|rel(a)|7 B|rel(b)|8";
    let trace = format!("{round} A|send(c)|0 B|recv(c)|0 {other} {round}");
    assert_eq!(
        deadlocks(&trace),
        ["potential: A wants b at 2, B wants a at 6"]
    );
}

#[test]
fn inversion_ordered_by_an_atomic_deadlock() {
    let trace = "A|acq(a)|1 A|acq(b)|2 A|rel(b)|3 A|rel(a)|4 A|store(x,release)|0 B|load(x,acquire)|0 \
                 B|acq(b)|5 B|acq(a)|6 B|rel(a)|7 B|rel(b)|8";
    assert_eq!(
        deadlocks(trace),
        ["potential: A wants b at 2, B wants a at 6"]
    );
}

#[test]
fn readers_among_themselves_no_deadlock() {
    let trace = "A|racq(a)|1 A|racq(b)|2 A|rrel(b)|3 A|rrel(a)|4 B|racq(b)|5 B|racq(a)|6 B|rrel(a)|7 B|rrel(b)|8";
    assert_eq!(deadlocks(trace), NOTHING);
}

#[test]
fn writer_against_reader_deadlock() {
    let trace =
        "A|racq(a)|1 A|acq(b)|2 A|rel(b)|3 A|rrel(a)|4 B|acq(b)|5 B|acq(a)|6 B|rel(a)|7 B|rel(b)|8";
    assert_eq!(
        deadlocks(trace),
        ["potential: A wants b at 2, B wants a at 6"]
    );
}

#[test]
fn downgraded_hold_no_deadlock() {
    let trace = "A|acq(a)|1 A|downgrade(a)|1 A|acq(b)|2 A|rel(b)|3 A|rrel(a)|4 \
                 B|acq(b)|5 B|racq(a)|6 B|rrel(a)|7 B|rel(b)|8";
    assert_eq!(deadlocks(trace), NOTHING);
}

#[test]
fn tried_acquisition_no_deadlock() {
    let trace = "A|acq(a)|1 A|try_acq(b)|2 A|rel(b)|3 A|rel(a)|4 B|acq(b)|5 B|acq(a)|6 B|rel(a)|7 B|rel(b)|8";
    assert_eq!(deadlocks(trace), NOTHING);
}

#[test]
fn reacquisition_after_a_wait_deadlock() {
    let trace = "A|acq(b)|1 A|acq(a)|2 A|wait(v,b)|3 B|acq(b)|4 B|acq(a)|5";
    // `wait` lets go of `b` and takes it again while `a` is held.
    let trace = trace.replace(
        "B|acq(b)|4 B|acq(a)|5",
        "B|acq(b)|4 B|notify(v)|4 B|rel(b)|4 A|woken(v,b)|6",
    );
    let trace =
        format!("{trace} A|rel(a)|7 A|rel(b)|7 B|acq(b)|8 B|acq(a)|9 B|rel(a)|9 B|rel(b)|9");
    assert_eq!(
        deadlocks(&trace),
        ["potential: A wants b at 6, B wants a at 9"]
    );
}

#[test]
fn three_threads_deadlock() {
    let pair = |thread: &str, first: &str, second: &str| {
        format!(
            "{thread}|acq({first})|1 {thread}|acq({second})|2 {thread}|rel({second})|3 {thread}|rel({first})|4 "
        )
    };
    let trace = pair("A", "a", "b") + &pair("B", "b", "c") + &pair("C", "c", "a");
    assert_eq!(
        deadlocks(&trace),
        ["potential: A wants b at 2, B wants c at 2, C wants a at 2"]
    );
    assert_eq!(deadlocks(&trace.replace("C|", "B|")), NOTHING);
}

#[test]
fn longer_cycles_are_told() {
    let cycle = |length: usize| -> String {
        let step = |at: usize| {
            let next = (at + 1) % length;
            format!(
                "T{at}|acq(l{at})|1 T{at}|acq(l{next})|2 T{at}|rel(l{next})|3 T{at}|rel(l{at})|4 "
            )
        };
        (0..length).map(step).collect()
    };
    assert_eq!(deadlocks(&cycle(5)).len(), 1);
    let six = deadlocks(&cycle(6));
    assert_eq!(six.len(), 1);
    assert!(six[0].contains("more than 5 threads"), "{six:?}");
}

#[test]
fn cycle_across_a_cut_no_deadlock() {
    let trace = "A|acq(a)|1 A|acq(b)|2 A|rel(b)|3 A|rel(a)|4 A|cut|0 B|acq(b)|5 B|acq(a)|6 B|rel(a)|7 B|rel(b)|8";
    assert_eq!(deadlocks(trace), NOTHING);
}

#[test]
fn waits_at_the_end_deadlock() {
    let trace = "A|acq(a)|1 B|acq(b)|2 A|req(b)|3 B|req(a)|4";
    assert_eq!(deadlocks(trace), ["actual: A wants b at 3, B wants a at 4"]);
    assert_eq!(
        deadlocks("A|acq(a)|1 B|acq(b)|2 A|req(b)|3 B|req(a)|4 B|unreq(a)|5"),
        NOTHING
    );
}

#[test]
fn waiting_for_oneself_deadlock() {
    assert_eq!(
        deadlocks("A|acq(a)|1 A|req(a)|2"),
        ["actual: A wants a at 2"]
    );
    // Waiting to be unparked is none.
    assert_eq!(deadlocks("A|req(A)|1 B|w(x)|2"), NOTHING);
}

#[test]
fn join_under_a_wanted_lock_deadlock() {
    let trace = "M|fork(A)|1 M|acq(a)|2 M|req(A)|3 A|req(a)|4";
    assert_eq!(deadlocks(trace), ["actual: A wants a at 4, M wants A at 3"]);
    let trace = "M|fork(A)|1 M|acq(a)|2 M|req(A)|3 A|w(x)|4";
    assert_eq!(deadlocks(trace), NOTHING);
}

#[test]
fn several_threads_with_the_same_sites_are_one_deadlock() {
    let round = |thread: &str| {
        format!("{thread}|acq(a)|1 {thread}|acq(b)|2 {thread}|rel(b)|3 {thread}|rel(a)|4 ")
    };
    let other = |thread: &str| {
        format!("{thread}|acq(b)|5 {thread}|acq(a)|6 {thread}|rel(a)|7 {thread}|rel(b)|8 ")
    };
    let trace = round("A") + &other("B") + &round("C") + &other("D");
    assert_eq!(
        deadlocks(&trace),
        ["potential: A wants b at 2, B wants a at 6"]
    );
}

#[test]
fn hold_released_by_another_thread_no_deadlock() {
    let trace =
        "A|acq(a)|1 B|rel(a,A)|2 A|acq(b)|3 A|rel(b)|4 B|acq(b)|5 B|acq(a)|6 B|rel(a)|7 B|rel(b)|8";
    assert_eq!(deadlocks(trace), NOTHING);
}

#[test]
fn every_site_is_a_deadlock_of_its_own() {
    let trace = "A|acq(a)|1 A|acq(b)|2 A|rel(b)|3 A|acq(b)|x A|rel(b)|3 A|rel(a)|4 \
                 B|acq(b)|5 B|acq(a)|6 B|rel(a)|7 B|rel(b)|8";
    assert_eq!(
        deadlocks(trace),
        [
            "potential: A wants b at 2, B wants a at 6",
            "potential: A wants b at x, B wants a at 6"
        ]
    );
}

#[test]
fn shared_requests_of_shared_holds_no_deadlock() {
    let trace = "A|racq(a)|1 B|racq(b)|2 A|req_shared(b)|3 B|req_shared(a)|4";
    assert_eq!(deadlocks(trace), NOTHING);
}

#[test]
fn shared_requests_of_exclusive_holds_deadlock() {
    let trace = "A|acq(a)|1 B|acq(b)|2 A|req_shared(b)|3 B|req_shared(a)|4";
    assert_eq!(deadlocks(trace), ["actual: A wants b at 3, B wants a at 4"]);
}

#[test]
fn shared_request_behind_an_exclusive_one_deadlock() {
    let trace = "A|racq(a)|1 B|req(a)|2 A|req_shared(a)|3";
    assert_eq!(deadlocks(trace), ["actual: B wants a at 2, A wants a at 3"]);
}

#[test]
fn a_hang_without_a_cycle_says_who_waits_for_what() {
    let trace = "A|fork(B)|1|10 A|chan(c,inf)|1|10 A|acq(m)|2|20 A|req(c)|3|30 B|acq(l)|4|40 B|wait(v,l)|5|50 B|w(x)|6|60";
    assert_eq!(
        at_end(trace),
        [
            "A for channel c at 3 since 20 [m]",
            "B for condvar v at 5 since 40 []"
        ]
    );
    assert_eq!(deadlocks(trace), NOTHING);
}

#[test]
fn a_thread_that_never_left_the_barrier_waits() {
    let trace = "A|barrier(b,3)|1 A|arrive(b)|2 B|arrive(b)|3";
    assert_eq!(
        at_end(trace),
        [
            "A for barrier b at 2 since ? []",
            "B for barrier b at 3 since ? []"
        ]
    );
}

#[test]
fn waits_that_ended_are_not_told() {
    let trace = "A|fork(B)|1 A|req(l)|2 A|acq(l)|3 A|rel(l)|4 A|req(B)|5 B|req(l)|6 B|unreq(l)|7 A|join(B)|8";
    assert_eq!(at_end(trace), NOTHING);
}

#[test]
fn a_deadlock_keeps_its_name_when_lines_and_elements_change() {
    let name = |trace: &str| verdict(trace).deadlocks[0].fingerprint.clone();
    let old = name("A|acq(x[9])|a:1 A|req(b)|a:2 B|acq(b)|a:9 B|req(x[9])|a:10");
    assert_eq!(
        name("C|acq(x[10])|a:5 C|req(b)|a:11 D|acq(b)|a:12 D|req(x[10])|a:13"),
        old
    );
    assert_ne!(
        name("A|acq(y)|a:1 A|req(b)|a:2 B|acq(b)|a:9 B|req(y)|a:10"),
        old
    );
}

#[test]
fn a_reader_behind_a_queued_writer_is_told_as_such() {
    let trace = "A|racq(l)|1 B|req(l)|2 A|req_shared(l)|3";
    let found = verdict(trace).deadlocks;
    let told: Vec<_> = found[0]
        .cycle
        .iter()
        .map(|step| (&*step.thread, step.acquires_shared, step.holds_shared))
        .collect();
    assert_eq!(told, [("B", false, false), ("A", true, true)]);
}
