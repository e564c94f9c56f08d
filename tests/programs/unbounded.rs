//! Message passing over an unbounded channel.

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::sync::mpsc::channel;
use hbtrace_recorder::thread;

/// The data is written after the message that announces it.
pub(crate) fn write_after_send_race() {
    static DATA: Tracked<u32> = Tracked::new(0);
    let (sender, receiver) = channel();
    let writer = thread::spawn(move || {
        sender.send("written").unwrap();
        DATA.set(42); //~ 1 write
    });
    assert_eq!(receiver.recv(), Ok("written"));
    DATA.get(); //~ 1 read
    writer.join().unwrap();
}

/// Before it.
pub(crate) fn message_no_race() {
    static DATA: Tracked<u32> = Tracked::new(0);
    let (sender, receiver) = channel();
    let writer = thread::spawn(move || {
        for number in 0..4 {
            DATA.update(|data| data + number);
        }
        sender.send("written").unwrap();
    });
    assert_eq!(receiver.recv(), Ok("written"));
    assert_eq!(DATA.get(), 6);
    writer.join().unwrap();
}
