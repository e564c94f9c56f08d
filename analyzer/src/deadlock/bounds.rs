//! Deep nesting and many deadlocks: what is bounded, and that it is told.

use super::tests::{deadlocks, parse};
use super::{acquisition, cycle, lock_order};

/// `thread` takes `locks`, one within the other.
fn nest(thread: &str, locks: impl Iterator<Item = usize>) -> String {
    locks
        .map(|lock| format!("{thread}|acq(l{lock})|1 "))
        .collect()
}

/// Drops what [`nest`] took.
fn unnest(thread: &str, locks: impl Iterator<Item = usize>) -> String {
    locks
        .map(|lock| format!("{thread}|rel(l{lock})|2 "))
        .collect()
}

#[test]
fn locks_of_one_thread_make_no_acquisitions_however_deep_they_nest() {
    let trace = parse(&nest("A", 0..5_000));
    let acquisitions = acquisition::collect(&trace);
    assert_eq!(acquisitions.groups.len(), 0);
}

#[test]
fn deep_nesting_takes_memory_for_the_locks_and_not_for_their_pairs() {
    let depth = 2_000;
    let both = ["A", "B"].map(|thread| {
        let taken = nest(thread, 0..depth);
        taken + &unnest(thread, (0..depth).rev())
    });
    let trace = parse(&both.concat());
    let acquisitions = acquisition::collect(&trace);
    assert_eq!(acquisitions.groups.len(), 2 * (depth - 1));
    assert_eq!(acquisitions.sets.stacks().len(), depth - 1);
    let order = lock_order::LockOrder::new(&acquisitions);
    assert_eq!((order.starts().count(), order.left_out), (0, 0));
}

#[test]
fn opposite_nesting_is_searched_up_to_a_depth_and_the_rest_is_told() {
    let depth = 30;
    let trace = nest("A", 0..depth)
        + &unnest("A", (0..depth).rev())
        + &nest("B", (0..depth).rev())
        + &unnest("B", 0..depth);
    let acquisitions = acquisition::collect(&parse(&trace));
    let order = lock_order::LockOrder::up_to(&acquisitions, 100);
    assert_eq!(order.left_out, 39);
    let found = cycle::find(&acquisitions, &order);
    let told = "locks are nested so deeply that 39 of 58 acquisitions, the deepest, ";
    assert_eq!(found.warnings.len(), 1);
    assert!(found.warnings[0].starts_with(told), "{}", found.warnings[0]);
}

#[test]
fn a_nest_within_bounds_deadlocks_at_every_level_once() {
    let depth = 40;
    let trace = nest("A", 0..depth)
        + &unnest("A", (0..depth).rev())
        + &nest("B", (0..depth).rev())
        + &unnest("B", 0..depth);
    assert_eq!(deadlocks(&trace).len(), depth - 1);
}

#[test]
fn more_deadlocks_than_anybody_reads_are_cut_off_and_told() {
    let mut trace = String::new();
    for site in 0..110 {
        trace += &format!("A|acq(a)|1 A|acq(b)|a{site} A|rel(b)|3 A|rel(a)|4 ");
    }
    for site in 0..110 {
        trace += &format!("B|acq(b)|5 B|acq(a)|b{site} B|rel(a)|7 B|rel(b)|8 ");
    }
    let found = deadlocks(&trace);
    let (told, deadlocks) = found.split_last().unwrap();
    assert_eq!(deadlocks.len(), 10_000);
    let words = "the search for potential deadlocks was given up after 10000 of them";
    assert!(told.starts_with(words), "{told}");
}

#[test]
fn a_long_actual_cycle_is_told_once() {
    let threads = 2_000;
    let takes = (0..threads).map(|thread| format!("T{thread}|acq(l{thread})|1 "));
    let waits = (0..threads).map(|thread| format!("T{thread}|req(l{})|2 ", (thread + 1) % threads));
    let trace: String = takes.chain(waits).collect();
    let found = deadlocks(&trace);
    assert_eq!(found.len(), 2, "the cycle, and what was not looked for");
    assert!(found[0].starts_with("actual: T"));
}
