//! The end of a channel, seen by its receiver.

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::sync::mpsc::{RecvError, channel};
use hbtrace_recorder::thread;

/// The data is written after the sender has gone.
pub(crate) fn write_after_drop_race() {
    static DATA: Tracked<u32> = Tracked::new(0);
    let (sender, receiver) = channel::<()>();
    let writer = thread::spawn(move || {
        drop(sender);
        DATA.set(42); //~ 1 write
    });
    assert_eq!(receiver.recv(), Err(RecvError));
    DATA.get(); //~ 1 read
    writer.join().unwrap();
}

/// Every sender's end comes before the receive that returns for it, not only
/// the last one's.
pub(crate) fn last_sender_no_race() {
    static DATA: [Tracked<u32>; 3] = [const { Tracked::new(0) }; 3];
    let (sender, receiver) = channel::<()>();
    let writers: Vec<_> = DATA
        .iter()
        .map(|data| {
            let sender = sender.clone();
            thread::spawn(move || {
                data.set(42);
                drop(sender);
            })
        })
        .collect();
    drop(sender);
    assert_eq!(receiver.recv(), Err(RecvError));
    for data in &DATA {
        assert_eq!(data.get(), 42);
    }
    for writer in writers {
        writer.join().unwrap();
    }
}
