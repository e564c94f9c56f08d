//! The end of a channel's receiver, seen by a send that fails.
//!
//! Barriers are std's own: the recorder does not see them.

use std::sync::{Arc, Barrier};

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::sync::mpsc::{channel, sync_channel};
use hbtrace_recorder::thread;

/// The data is written after the receiver has gone.
pub(crate) fn write_after_receiver_drop_race() {
    static DATA: Tracked<u32> = Tracked::new(0);
    let (sender, receiver) = channel();
    let writer = thread::spawn(move || {
        drop(receiver);
        DATA.set(42); //~ 1 write
    });
    while sender.send("on").is_ok() {
        thread::yield_now();
    }
    DATA.get(); //~ 1 read
    writer.join().unwrap();
}

/// What precedes the receiver's drop precedes the failed send, whether the
/// drop came long before or while messages were on their way.
pub(crate) fn failed_send_no_race() {
    static DATA: Tracked<u32> = Tracked::new(0);
    let (sender, receiver) = channel();
    let writer = thread::spawn(move || {
        receiver.recv().unwrap();
        DATA.set(42);
        drop(receiver);
    });
    while sender.send("on").is_ok() {
        thread::yield_now();
    }
    assert_eq!(DATA.get(), 42);
    writer.join().unwrap();
}

/// The same without a buffer, for every sender: one may wait, one may come
/// when the receiver has gone.
pub(crate) fn failed_rendezvous_no_race() {
    static DATA: Tracked<u32> = Tracked::new(0);
    let (sender, receiver) = sync_channel(0);
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let sender = sender.clone();
            thread::spawn(move || {
                sender.send("anyone?").unwrap_err();
                assert_eq!(DATA.get(), 42);
            })
        })
        .collect();
    DATA.set(42);
    drop(receiver);
    sender.try_send("anyone?").unwrap_err();
    for reader in readers {
        reader.join().unwrap();
    }
}

/// A send on a buffered channel that fails at once learns by a relaxed mark
/// that the receiver is gone.
pub(crate) fn failed_buffered_send_race() {
    static DATA: Tracked<u32> = Tracked::new(0);
    let (sender, receiver) = sync_channel(1);
    let gone = Arc::new(Barrier::new(2));
    let writer = thread::spawn({
        let gone = Arc::clone(&gone);
        move || {
            DATA.set(42); //~ 1 write
            drop(receiver);
            gone.wait();
        }
    });
    gone.wait();
    sender.send("anyone?").unwrap_err();
    DATA.get(); //~ 1 read
    writer.join().unwrap();
}
