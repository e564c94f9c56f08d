//! One body of tests for std's cells and for the mirrors, and the tracked
//! value; the mirrors' a second time while they record.
#![cfg(feature = "record")]
// What an `UnsafeCell` is for.
#![allow(unsafe_code)]

use std::process::Command;
use std::sync::{Arc, Barrier};
use std::thread;

use hbtrace_recorder::cell::{Tracked, UnsafeCell, With};
use hbtrace_traces::read;

macro_rules! cell_tests {
    ($module:ident, $path:path) => {
        mod $module {
            use $path::*;

            #[test]
            fn value_in_and_out() {
                // That the constructor is `const` is what is tested.
                #[allow(clippy::declare_interior_mutable_const)]
                const CONST: UnsafeCell<u8> = UnsafeCell::new(4);
                assert_eq!(CONST.into_inner(), 4);
                let mut cell = UnsafeCell::new(vec![1]);
                cell.get_mut().push(2);
                // SAFETY: only this thread has the cell, and no other
                // reference to its value.
                unsafe { (*cell.get()).push(3) };
                assert_eq!(cell.into_inner(), [1, 2, 3]);
                assert_eq!(UnsafeCell::<u8>::default().into_inner(), 0);
                assert_eq!(UnsafeCell::from("text").into_inner(), "text");
                assert_eq!(
                    format!("{:?}", UnsafeCell::new(1)),
                    format!("{:?}", std::cell::UnsafeCell::new(1))
                );
            }
        }
    };
}

cell_tests!(std_cells, std::cell);
cell_tests!(mirrored_cells, hbtrace_recorder::cell);

#[test]
fn cell_by_pointer() {
    let cell = UnsafeCell::new(5);
    // SAFETY: only this thread has the cell, and no reference to its value.
    cell.with_mut(|value| unsafe { *value += 1 });
    // SAFETY: as above.
    assert_eq!(cell.with(|value| unsafe { *value }), 6);
}

#[test]
fn tracked_cell() {
    static STATIC: Tracked<u32> = Tracked::new(1);
    STATIC.set(2);
    assert_eq!(STATIC.get(), 2);
    assert_eq!(STATIC.replace(3), 2);
    STATIC.update(|value| value * 2);
    let mut tracked = Tracked::from(vec![1]);
    tracked.modify(|list| list.push(2));
    tracked.get_mut().push(3);
    assert_eq!(tracked.inspect(Vec::len), 3);
    assert_eq!(tracked.into_inner(), [1, 2, 3]);
    assert_eq!((STATIC.get(), Tracked::<u8>::default().get()), (6, 0));
}

#[test]
fn tracked_cell_is_safe_and_survives_a_panic() {
    let tracked = Arc::new(Tracked::new(String::from("x")));
    let barrier = Arc::new(Barrier::new(4));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (tracked, barrier) = (Arc::clone(&tracked), Arc::clone(&barrier));
            thread::spawn(move || {
                barrier.wait();
                for round in 0..200 {
                    tracked.set("y".repeat(round % 40));
                    assert!(tracked.get().bytes().all(|byte| byte == b'y'));
                }
                tracked.modify(|_| panic!("on purpose"));
            })
        })
        .collect();
    for thread in threads {
        assert!(thread.join().is_err());
    }
    assert!(tracked.get().bytes().all(|byte| byte == b'y'));
}

#[test]
fn every_mirror_passes_while_it_records() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.trace");
    let output = Command::new(std::env::current_exe().unwrap())
        .arg("cell")
        .env("HBTRACE_OUT", &path)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let trace = read::open(&path, read::Options::default()).unwrap();
    assert!(trace.info.complete && trace.info.lost_events == 0);
    let accesses: u64 = trace
        .streams
        .iter()
        .map(|stream| stream.accesses.count())
        .sum();
    assert!(accesses > 1000);
}

/// Addresses that some machines give and that a trace has no room for.
#[test]
fn tell_beyond_reach() {
    let at = |address: usize| std::ptr::without_provenance::<u8>(address);
    let top = 1 << 47;
    hbtrace_recorder::read(at(top - 8), 8);
    hbtrace_recorder::read(at(top - 8), 9);
    hbtrace_recorder::write(at(top), 1);
    hbtrace_recorder::write(at(usize::MAX), 8);
    hbtrace_recorder::alloc(at(top + 16), 16);
    hbtrace_recorder::free(at(top + 16), 16);
}

#[test]
fn told_addresses_in_object_space_are_counted_as_lost() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.trace");
    let output = Command::new(std::env::current_exe().unwrap())
        .arg("tell_beyond_reach")
        .env("HBTRACE_OUT", &path)
        .output()
        .unwrap();
    assert!(output.status.success());
    let trace = read::open(&path, read::Options::default()).unwrap();
    assert_eq!(
        (trace.info.lost_events, trace.info.lost_sync_events),
        (5, 0)
    );
    let accesses = trace.streams.iter().map(|stream| stream.accesses.count());
    assert_eq!(accesses.sum::<u64>(), 1);
}
