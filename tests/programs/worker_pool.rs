//! A pool of workers that take jobs from a channel and send results back.

use std::sync::Arc;

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::sync::Mutex;
use hbtrace_recorder::sync::mpsc::{Receiver, channel};
use hbtrace_recorder::thread;

const JOBS: usize = 6;
const WORKERS: usize = 2;

fn next(jobs: &Mutex<Receiver<usize>>) -> Option<usize> {
    jobs.lock().unwrap().recv().ok()
}

/// A worker says that it is done before it is.
pub(crate) fn result_before_write_race() {
    static SLOTS: [Tracked<usize>; JOBS] = [const { Tracked::new(0) }; JOBS];
    let (jobs, queue) = channel();
    let queue = Arc::new(Mutex::new(queue));
    let (results, done) = channel();
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (queue, results) = (Arc::clone(&queue), results.clone());
            thread::spawn(move || {
                while let Some(job) = next(&queue) {
                    results.send(job).unwrap();
                    SLOTS[job].set(job * job); //~ 1 write
                }
            })
        })
        .collect();
    for job in 0..JOBS {
        jobs.send(job).unwrap();
    }
    for job in done.iter().take(JOBS) {
        SLOTS[job].get(); //~ 1 read
    }
    drop(jobs);
    for worker in workers {
        worker.join().unwrap();
    }
}

/// Once it is.
pub(crate) fn results_no_race() {
    static SLOTS: [Tracked<usize>; JOBS] = [const { Tracked::new(0) }; JOBS];
    let (jobs, queue) = channel();
    let queue = Arc::new(Mutex::new(queue));
    let (results, done) = channel();
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (queue, results) = (Arc::clone(&queue), results.clone());
            thread::spawn(move || {
                while let Some(job) = next(&queue) {
                    SLOTS[job].set(job * job);
                    results.send(job).unwrap();
                }
            })
        })
        .collect();
    for job in 0..JOBS {
        jobs.send(job).unwrap();
    }
    for job in done.iter().take(JOBS) {
        assert_eq!(SLOTS[job].get(), job * job);
    }
    drop(jobs);
    for worker in workers {
        worker.join().unwrap();
    }
}
