//! A wait group of the program's own, made of a mutex and a condition
//! variable.

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::sync::{Condvar, Mutex};
use hbtrace_recorder::thread;

struct WaitGroup {
    running: Mutex<usize>,
    all_done: Condvar,
}

impl WaitGroup {
    const fn new(running: usize) -> WaitGroup {
        WaitGroup {
            running: Mutex::new(running),
            all_done: Condvar::new(),
        }
    }

    fn done(&self) {
        *self.running.lock().unwrap() -= 1;
        self.all_done.notify_all();
    }

    fn wait(&self) {
        let running = self.running.lock().unwrap();
        drop(self.all_done.wait_while(running, |running| *running > 0).unwrap());
    }
}

/// Done is called before the work is.
pub(crate) fn write_after_done_race() {
    static DATA: [Tracked<u32>; 2] = [const { Tracked::new(0) }; 2];
    static GROUP: WaitGroup = WaitGroup::new(2);
    let threads: Vec<_> = DATA
        .iter()
        .map(|data| {
            thread::spawn(|| {
                GROUP.done();
                data.set(1); //~ 1 write
            })
        })
        .collect();
    GROUP.wait();
    for data in &DATA {
        data.get(); //~ 1 read
    }
    for thread in threads {
        thread.join().unwrap();
    }
}

/// After it.
pub(crate) fn done_no_race() {
    static DATA: [Tracked<u32>; 2] = [const { Tracked::new(0) }; 2];
    static GROUP: WaitGroup = WaitGroup::new(2);
    let threads: Vec<_> = DATA
        .iter()
        .map(|data| {
            thread::spawn(|| {
                data.set(1);
                GROUP.done();
            })
        })
        .collect();
    GROUP.wait();
    for data in &DATA {
        assert_eq!(data.get(), 1);
    }
    for thread in threads {
        thread.join().unwrap();
    }
}
