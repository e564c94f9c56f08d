//! A program that records many accesses, to see what they take in the file:
//!
//! ```text
//! HBTRACE_OUT=accesses.trace cargo run --release -p hbtrace-recorder --features record --example accesses
//! ```
//!
//! Threads sort parts of a shared array (quicksort, each comparison reads, each
//! exchange writes twice), count keys in a shared table of chained cells behind
//! sharded locks, and relax a grid from both sides of a barrier. Addresses run,
//! jump and recur, as those of programs do; the sites are a dozen.
#![allow(clippy::print_stdout)]

use std::cell::UnsafeCell;

use hbtrace_recorder::sync::{Arc, Barrier, Mutex};
use hbtrace_recorder::{read, thread, write};

const THREADS: usize = 4;
const SORTED: usize = 100_000;
const KEYS: usize = 400_000;
const SHARDS: usize = 16;
const GRID: usize = 512;
const ROUNDS: usize = 4;

/// Memory that threads share by their own rules.
struct Shared<T>(Vec<UnsafeCell<T>>);

#[allow(unsafe_code)]
// SAFETY: threads touch parts of their own, parts behind a lock they hold, or
// parts that a barrier has given them; the program's steps see to it, and
// hbtrace would find it if they did not.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T: Copy> Shared<T> {
    fn new(values: impl Iterator<Item = T>) -> Shared<T> {
        Shared(values.map(UnsafeCell::new).collect())
    }

    #[track_caller]
    fn get(&self, at: usize) -> T {
        let place = self.0[at].get();
        read(place, size_of::<T>());
        // SAFETY: as above; nobody writes it now.
        #[allow(unsafe_code)]
        unsafe {
            *place
        }
    }

    #[track_caller]
    fn set(&self, at: usize, value: T) {
        let place = self.0[at].get();
        write(place, size_of::<T>());
        // SAFETY: as above; nobody else touches it now.
        #[allow(unsafe_code)]
        unsafe {
            *place = value;
        }
    }
}

/// A generator that needs no crate.
fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

fn quicksort(values: &Shared<u64>, mut from: usize, to: usize) {
    while to - from > 1 {
        let pivot = values.get(from + (to - from) / 2);
        let (mut low, mut high) = (from, to - 1);
        loop {
            while values.get(low) < pivot {
                low += 1;
            }
            while values.get(high) > pivot {
                high -= 1;
            }
            if low >= high {
                break;
            }
            let exchanged = values.get(low);
            values.set(low, values.get(high));
            values.set(high, exchanged);
            (low, high) = (low + 1, high - 1);
        }
        quicksort(values, from, low.max(from + 1));
        from = low.max(from + 1);
    }
}

/// Counts keys, most of them few: a key's cell is its hash's, behind a lock.
fn count(locks: &[Mutex<()>], table: &Shared<(u32, u32)>, state: &mut u64) {
    for _ in 0..KEYS / THREADS {
        let key = (random(state) % 1024 * (random(state) % 1024) / 64) as u32 + 1;
        let shard = key as usize % SHARDS;
        let _held = locks[shard].lock().expect("nothing panics");
        let cells = table.0.len() / SHARDS;
        let mut at = key as usize * 2_654_435_761 % cells;
        loop {
            let (found, times) = table.get(shard * cells + at);
            if found == key || found == 0 {
                table.set(shard * cells + at, (key, times + 1));
                break;
            }
            at = (at + 1) % cells;
        }
    }
}

/// Each cell becomes the mean of its neighbours, from one grid to the other.
fn relax(from: &Shared<f32>, to: &Shared<f32>, rows: std::ops::Range<usize>) {
    for row in rows {
        for column in 1..GRID - 1 {
            let at = row * GRID + column;
            let sum =
                from.get(at - 1) + from.get(at + 1) + from.get(at - GRID) + from.get(at + GRID);
            to.set(at, sum / 4.0);
        }
    }
}

fn main() {
    let mut state = 0x9e37_79b9_7f4a_7c15;
    let values = Shared::new((0..SORTED * THREADS).map(|_| random(&mut state)));
    let table = Shared::new((0..SHARDS * 4096).map(|_| (0, 0)));
    let grids = [0, 1].map(|_| Shared::new((0..GRID * GRID).map(|at| at as f32)));
    let all = Arc::new((values, table, grids));
    let locks: Arc<Vec<Mutex<()>>> = Arc::new((0..SHARDS).map(|_| Mutex::new(())).collect());
    let barrier = Arc::new(Barrier::new(THREADS));
    let threads: Vec<_> = (0..THREADS)
        .map(|own| {
            let (all, locks, barrier) =
                (Arc::clone(&all), Arc::clone(&locks), Arc::clone(&barrier));
            thread::spawn(move || {
                let (values, table, grids) = &*all;
                quicksort(values, own * SORTED, (own + 1) * SORTED);
                count(&locks, table, &mut (own as u64 + 1));
                let share = (GRID - 2) / THREADS;
                for round in 0..ROUNDS {
                    barrier.wait();
                    let rows = 1 + own * share..1 + (own + 1) * share;
                    relax(&grids[round % 2], &grids[(round + 1) % 2], rows);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("nothing panics");
    }
    println!("sorted, counted and relaxed");
}
