//! A real program with accesses in it: a merge sort on four threads that tells
//! each read and write of its arrays, as instrumentation by a compiler would.

use hbtrace_recorder::thread;

use crate::operation::{Operation, Outcome};

/// The program, for a number of values to sort.
pub(crate) const PROGRAM: &[Operation] = &[Operation::new("sort", run)];

/// Up to here values are inserted one by one.
const SMALL: usize = 16;

fn run(count: u32) -> Outcome {
    let mut random = 1_u64;
    let mut values: Vec<u64> = (0..count)
        .map(|_| {
            // Knuth's MMIX generator.
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            random >> 16
        })
        .collect();
    let mut space = values.clone();
    let start = std::time::Instant::now();
    sort(&mut values, &mut space, 2);
    let ns = start.elapsed().as_nanos() as f64;
    assert!(values.is_sorted(), "a sort sorts");
    Outcome {
        ns,
        others: Vec::new(),
    }
}

/// Sorts `values` with `space` of the same length, halves of it on threads of
/// their own as long as `splits` are left.
fn sort(values: &mut [u64], space: &mut [u64], splits: u32) {
    if values.len() <= SMALL {
        return insert(values);
    }
    let middle = values.len() / 2;
    let (left, right) = values.split_at_mut(middle);
    let (left_space, right_space) = space.split_at_mut(middle);
    match splits {
        0 => {
            sort(left, left_space, 0);
            sort(right, right_space, 0);
        }
        _ => thread::scope(|scope| {
            scope.spawn(|| sort(left, left_space, splits - 1));
            sort(right, right_space, splits - 1);
        }),
    }
    merge(values, middle, space);
}

fn read(values: &[u64], index: usize) -> u64 {
    hbtrace_recorder::read(&raw const values[index], 8);
    values[index]
}

fn write(values: &mut [u64], index: usize, value: u64) {
    hbtrace_recorder::write(&raw const values[index], 8);
    values[index] = value;
}

fn insert(values: &mut [u64]) {
    for index in 1..values.len() {
        let value = read(values, index);
        let mut place = index;
        while place > 0 {
            let before = read(values, place - 1);
            if before <= value {
                break;
            }
            write(values, place, before);
            place -= 1;
        }
        write(values, place, value);
    }
}

/// Merges the sorted halves of `values` by way of `space`.
fn merge(values: &mut [u64], middle: usize, space: &mut [u64]) {
    let (mut left, mut right) = (0, middle);
    for index in 0..values.len() {
        let from_left =
            right == values.len() || left < middle && read(values, left) <= read(values, right);
        let from = if from_left { &mut left } else { &mut right };
        let value = read(values, *from);
        *from += 1;
        write(space, index, value);
    }
    for index in 0..values.len() {
        let value = read(space, index);
        write(values, index, value);
    }
}
