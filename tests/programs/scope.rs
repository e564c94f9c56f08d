//! Scoped threads.

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::thread;

/// Two threads of one scope write the same.
pub(crate) fn shared_slot_race() {
    let slot = Tracked::new(0);
    thread::scope(|scope| {
        for number in 1..3 {
            let slot = &slot;
            scope.spawn(move || slot.set(number)); //~ 1 write, 1 write
        }
    });
    assert_ne!(slot.get(), 0);
}

/// Each writes its own, and the scope's end comes after both, joined or not.
pub(crate) fn own_slots_no_race() {
    let slots = [const { Tracked::new(0) }; 3];
    thread::scope(|scope| {
        let (first, rest) = slots.split_first().unwrap();
        for slot in rest {
            scope.spawn(|| slot.set(1));
        }
        let joined = scope.spawn(|| first.set(1));
        joined.join().unwrap();
        assert_eq!(first.get(), 1);
    });
    for slot in &slots {
        assert_eq!(slot.get(), 1);
    }
}
