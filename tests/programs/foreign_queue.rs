//! A queue that the recorder does not mirror (here std's own).

use std::sync::mpsc::channel;

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::{Token, acquire, release, thread};

/// Nobody tells the recorder that it orders.
pub(crate) fn untold_race() {
    static DATA: Tracked<u32> = Tracked::new(0);
    let (sender, receiver) = channel();
    let writer = thread::spawn(move || {
        DATA.set(42); //~ 1 write
        sender.send(()).unwrap();
    });
    receiver.recv().unwrap();
    assert_eq!(DATA.get(), 42); //~ 1 read
    writer.join().unwrap();
}

/// The program does.
pub(crate) fn told_no_race() {
    static DATA: Tracked<u32> = Tracked::new(0);
    static QUEUE: Token = Token::new();
    let (sender, receiver) = channel();
    let writer = thread::spawn(move || {
        DATA.set(42);
        release(&QUEUE);
        sender.send(()).unwrap();
    });
    receiver.recv().unwrap();
    acquire(&QUEUE);
    assert_eq!(DATA.get(), 42);
    writer.join().unwrap();
}
