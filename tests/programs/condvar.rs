//! A queue under a mutex, with a condition variable.

use std::collections::VecDeque;

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::sync::{Condvar, Mutex};
use hbtrace_recorder::thread;

struct Queue {
    items: Mutex<VecDeque<usize>>,
    filled: Condvar,
}

impl Queue {
    const fn new() -> Queue {
        Queue {
            items: Mutex::new(VecDeque::new()),
            filled: Condvar::new(),
        }
    }

    fn push(&self, item: usize) {
        self.items.lock().unwrap().push_back(item);
        self.filled.notify_one();
    }

    fn pop(&self) -> usize {
        let mut items = self.items.lock().unwrap();
        loop {
            match items.pop_front() {
                Some(item) => return item,
                None => items = self.filled.wait(items).unwrap(),
            }
        }
    }
}

/// What an item stands for is written after it was pushed.
pub(crate) fn write_after_push_race() {
    static DATA: [Tracked<u32>; 2] = [const { Tracked::new(0) }; 2];
    static QUEUE: Queue = Queue::new();
    let producers: Vec<_> = (0..DATA.len())
        .map(|item| {
            thread::spawn(move || {
                QUEUE.push(item);
                DATA[item].set(1); //~ 1 write
            })
        })
        .collect();
    for _ in &DATA {
        DATA[QUEUE.pop()].get(); //~ 1 read
    }
    for producer in producers {
        producer.join().unwrap();
    }
}

/// Before.
pub(crate) fn queue_no_race() {
    static DATA: [Tracked<u32>; 4] = [const { Tracked::new(0) }; 4];
    static QUEUE: Queue = Queue::new();
    let consumer = thread::spawn(|| {
        for _ in &DATA {
            assert_eq!(DATA[QUEUE.pop()].get(), 1);
        }
    });
    for (item, data) in DATA.iter().enumerate() {
        data.set(1);
        QUEUE.push(item);
    }
    consumer.join().unwrap();
}
