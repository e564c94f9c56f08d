//! Phases between barriers.

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::sync::Barrier;
use hbtrace_recorder::thread;

const THREADS: usize = 3;

/// The next phase begins while neighbours still read this one.
pub(crate) fn missing_barrier_race() {
    static SLOTS: [Tracked<usize>; THREADS] = [const { Tracked::new(0) }; THREADS];
    static BARRIER: Barrier = Barrier::new(THREADS);
    let threads: Vec<_> = (0..THREADS)
        .map(|own| {
            thread::spawn(move || {
                SLOTS[own].set(1);
                BARRIER.wait();
                SLOTS[(own + 1) % THREADS].get(); //~ 1 read
                SLOTS[own].set(2); //~ 1 write
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

/// A barrier after each phase.
pub(crate) fn phases_no_race() {
    static SLOTS: [Tracked<usize>; THREADS] = [const { Tracked::new(0) }; THREADS];
    static BARRIER: Barrier = Barrier::new(THREADS);
    let threads: Vec<_> = (0..THREADS)
        .map(|own| {
            thread::spawn(move || {
                for phase in 1..4 {
                    SLOTS[own].set(phase);
                    BARRIER.wait();
                    assert_eq!(SLOTS[(own + 1) % THREADS].get(), phase);
                    BARRIER.wait();
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}
