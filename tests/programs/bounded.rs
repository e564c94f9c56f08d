//! A bounded channel, whose k-th receive comes before the (k + capacity)-th
//! send completes.

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::sync::mpsc::sync_channel;
use hbtrace_recorder::thread;

/// The second send needs no receive, as there is room for two.
pub(crate) fn wide_channel_race() {
    static DATA: Tracked<u32> = Tracked::new(0);
    let (sender, receiver) = sync_channel(2);
    let producer = thread::spawn(move || {
        sender.send(1).unwrap();
        sender.send(2).unwrap();
        DATA.get(); //~ 1 read
    });
    DATA.set(42); //~ 1 write
    assert_eq!((receiver.recv(), receiver.recv()), (Ok(1), Ok(2)));
    producer.join().unwrap();
}

/// It needs the first receive.
pub(crate) fn receipt_no_race() {
    static DATA: Tracked<u32> = Tracked::new(0);
    let (sender, receiver) = sync_channel(1);
    let producer = thread::spawn(move || {
        sender.send(1).unwrap();
        sender.send(2).unwrap();
        assert_eq!(DATA.get(), 42);
    });
    DATA.set(42);
    assert_eq!((receiver.recv(), receiver.recv()), (Ok(1), Ok(2)));
    producer.join().unwrap();
}
