//! A once cell's initialiser runs once, and whoever sees its end finds the end
//! recorded, with the number of that attempt.

use hbtrace_traces::kind::Kind;
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use super::*;
use crate::models::log;

struct Cell64 {
    gate: Gate,
    value: UnsafeCell<u64>,
}

fn cell() -> Arc<Cell64> {
    log::begin();
    let cell = Cell64 {
        gate: Gate::new(),
        value: UnsafeCell::new(0),
    };
    // Touches what the threads share, and draws the id. Relaxed: nobody else
    // has it yet.
    cell.gate.state.load(Ordering::Relaxed);
    // An attempt has failed already.
    cell.gate.ended.store(1, Ordering::Relaxed);
    cell.gate.object.id(ObjectKind::Once);
    Arc::new(cell)
}

impl Cell64 {
    #[allow(unsafe_code, reason = "loom checks who touches the value")]
    fn initialise(&self) {
        // SAFETY: the gate lets one in, before all others.
        let set = || self.value.with_mut(|value| unsafe { *value += 1 });
        self.gate.call(Location::caller(), false, |_| set());
        self.look();
    }

    #[allow(unsafe_code, reason = "loom checks who touches the value")]
    fn look(&self) {
        // SAFETY: the gate is complete.
        self.value.with(|value| assert_eq!(unsafe { *value }, 1));
    }
}

/// Every `once_get` stands behind the end that it saw.
fn check() {
    let told = log::told();
    let kinds: Vec<Kind> = told.iter().map(|it| it.event.kind).collect();
    let done = kinds.iter().position(|kind| *kind == Kind::OnceDone);
    let done = done.expect("the end is recorded");
    for (at, kind) in kinds.iter().enumerate() {
        assert!(*kind != Kind::OnceGet || at > done, "{kinds:?}");
    }
    assert_eq!(log::numbers(Kind::OnceDone), [1]);
    assert!(
        log::numbers(Kind::OnceGet)
            .iter()
            .all(|number| *number == 1)
    );
}

#[test]
fn one_initialises_and_the_others_see_its_end() {
    loom::model(|| {
        let cell = cell();
        let threads = [(); 2].map(|()| {
            let cell = cell.clone();
            thread::spawn(move || {
                cell.initialise();
                // What the thread has seen is recorded once.
                let before = log::told().len();
                cell.initialise();
                let own = log::own();
                let gets = own.iter().filter(|it| it.kind == Kind::OnceGet);
                assert!(gets.count() <= 1 && before > 0);
            })
        });
        for thread in threads {
            thread.join().expect("no law is broken");
        }
        check();
        assert_eq!(log::numbers(Kind::OnceGet).len(), 1);
    });
}

#[test]
fn who_only_looks_sees_all_or_nothing() {
    loom::model(|| {
        let cell = cell();
        let other = {
            let cell = cell.clone();
            thread::spawn(move || cell.initialise())
        };
        if cell.gate.is_complete(Location::caller()) {
            cell.look();
        }
        cell.gate.wait(Location::caller(), false);
        cell.look();
        other.join().expect("no law is broken");
        check();
    });
}
