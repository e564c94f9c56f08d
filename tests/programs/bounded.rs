//! A bounded channel, whose k-th receive comes before the (k + capacity)-th
//! send completes.

use std::sync::Mutex;

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::sync::mpsc::{Receiver, SyncSender, sync_channel};
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

/// A channel that is used as a lock: whoever has sent is in, and receives to
/// get out. The receivers' mutex is std's own, so the recorder does not see
/// it: only the channel can order.
struct Permits {
    enter: SyncSender<()>,
    leave: Mutex<Receiver<()>>,
}

impl Permits {
    fn new(permits: usize) -> Permits {
        let (enter, leave) = sync_channel(permits);
        Permits {
            enter,
            leave: Mutex::new(leave),
        }
    }

    fn with(&self, body: impl FnOnce()) {
        self.enter.send(()).unwrap();
        body();
        self.leave.lock().unwrap().recv().unwrap();
    }
}

/// Two may be in at once.
pub(crate) fn two_permits_race() {
    static COUNT: Tracked<u32> = Tracked::new(0);
    let permits = Permits::new(2);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                permits.with(|| {
                    COUNT.update(|count| count + 1); //~ 1 read, 1 write, 2 write, 2 write
                });
            });
        }
    });
}

/// One.
pub(crate) fn one_permit_no_race() {
    static COUNT: Tracked<u32> = Tracked::new(0);
    let permits = Permits::new(1);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..4 {
                    permits.with(|| COUNT.update(|count| count + 1));
                }
            });
        }
    });
    assert_eq!(COUNT.get(), 12);
}
