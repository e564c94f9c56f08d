//! Work fanned out to workers, and a closer that merges their ends into one.

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::sync::mpsc::channel;
use hbtrace_recorder::thread;

const WORKERS: usize = 3;

/// The closer closes without waiting for the workers.
pub(crate) fn early_closer_race() {
    static TOTALS: [Tracked<u32>; WORKERS] = [const { Tracked::new(0) }; WORKERS];
    let (sender, merged) = channel();
    let workers: Vec<_> = TOTALS
        .iter()
        .map(|total| {
            let sender = sender.clone();
            thread::spawn(move || {
                sender.send(1).unwrap();
                drop(sender);
                total.set(1); //~ 1 write
            })
        })
        .collect();
    let closer = thread::spawn(move || {
        drop(sender);
        for worker in workers {
            worker.join().unwrap();
        }
    });
    assert_eq!(merged.iter().count(), WORKERS);
    for total in &TOTALS {
        total.get(); //~ 1 read
    }
    closer.join().unwrap();
}

/// It joins them first.
pub(crate) fn joining_closer_no_race() {
    static TOTALS: [Tracked<u32>; WORKERS] = [const { Tracked::new(0) }; WORKERS];
    let (sender, merged) = channel();
    let workers: Vec<_> = TOTALS
        .iter()
        .map(|total| {
            let sender = sender.clone();
            thread::spawn(move || {
                sender.send(1).unwrap();
                drop(sender);
                total.set(1);
            })
        })
        .collect();
    let closer = thread::spawn(move || {
        for worker in workers {
            worker.join().unwrap();
        }
        drop(sender);
    });
    assert_eq!(merged.iter().count(), WORKERS);
    for total in &TOTALS {
        assert_eq!(total.get(), 1);
    }
    closer.join().unwrap();
}
