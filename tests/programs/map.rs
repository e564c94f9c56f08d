//! A map that several threads fill.

use std::collections::BTreeMap;

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::sync::Mutex;
use hbtrace_recorder::thread;

/// Without a lock.
pub(crate) fn plain_map_race() {
    static MAP: Tracked<BTreeMap<u32, u32>> = Tracked::new(BTreeMap::new());
    let writers: Vec<_> = (0..2)
        .map(|key| {
            thread::spawn(move || {
                MAP.modify(|map| map.insert(key, 1)); //~ 1 write, 1 write, 2 write
            })
        })
        .collect();
    MAP.inspect(BTreeMap::len); //~ 2 read
    for writer in writers {
        writer.join().unwrap();
    }
}

/// With one.
pub(crate) fn locked_map_no_race() {
    static MAP: Tracked<BTreeMap<u32, u32>> = Tracked::new(BTreeMap::new());
    static LOCK: Mutex<()> = Mutex::new(());
    let writers: Vec<_> = (0..2)
        .map(|key| {
            thread::spawn(move || {
                let _held = LOCK.lock().unwrap();
                MAP.modify(|map| map.insert(key, 1));
            })
        })
        .collect();
    {
        let _held = LOCK.lock().unwrap();
        assert!(MAP.inspect(BTreeMap::len) <= 2);
    }
    for writer in writers {
        writer.join().unwrap();
    }
}
