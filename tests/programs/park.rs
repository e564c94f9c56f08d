//! Parking and unparking.

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::thread;

/// The data is written after the wake-up.
pub(crate) fn write_after_unpark_race() {
    static DATA: Tracked<u32> = Tracked::new(0);
    let sleeper = thread::spawn(|| {
        thread::park();
        DATA.get(); //~ 1 read
    });
    sleeper.thread().unpark();
    DATA.set(42); //~ 1 write
    sleeper.join().unwrap();
}

/// Before it.
pub(crate) fn unpark_no_race() {
    static DATA: Tracked<u32> = Tracked::new(0);
    let sleeper = thread::spawn(|| {
        thread::park();
        assert_eq!(DATA.get(), 42);
    });
    DATA.set(42);
    sleeper.thread().unpark();
    sleeper.join().unwrap();
}
