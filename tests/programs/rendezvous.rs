//! A rendezvous channel, which orders both ways.

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::sync::mpsc::sync_channel;
use hbtrace_recorder::thread;

/// With a buffer of one, the send does not wait for the receive.
pub(crate) fn buffered_race() {
    static DATA: Tracked<u32> = Tracked::new(0);
    let (sender, receiver) = sync_channel(1);
    let producer = thread::spawn(move || {
        sender.send("done?").unwrap();
        DATA.get(); //~ 1 read
    });
    DATA.set(42); //~ 1 write
    assert_eq!(receiver.recv(), Ok("done?"));
    producer.join().unwrap();
}

/// What precedes the receive precedes the end of the send, and the other way
/// round.
pub(crate) fn handshake_no_race() {
    static SENT: Tracked<u32> = Tracked::new(0);
    static RECEIVED: Tracked<u32> = Tracked::new(0);
    let (sender, receiver) = sync_channel(0);
    let producer = thread::spawn(move || {
        SENT.set(1);
        sender.send("done?").unwrap();
        assert_eq!(RECEIVED.get(), 2);
    });
    RECEIVED.set(2);
    assert_eq!(receiver.recv(), Ok("done?"));
    assert_eq!(SENT.get(), 1);
    producer.join().unwrap();
}
