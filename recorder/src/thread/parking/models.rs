//! Parking: a token that was given is not lost, and a `park` records the
//! number of an `unpark` that stands before it.

use loom::sync::Arc;
use loom::thread;

use super::*;
use crate::models::log;
use crate::primitive::Condvar;

/// Std's parking: loom's own wakes a thread wherever it waits.
struct Std {
    token: Mutex<bool>,
    given: Condvar,
}

impl Std {
    fn park(&self) {
        let waits = |token: &mut bool| !*token;
        let token = self.given.wait_while(lock(&self.token), waits);
        *token.expect("nothing panics") = false;
    }

    fn unpark(&self) {
        *lock(&self.token) = true;
        self.given.notify_one();
    }
}

/// Every park stands behind the unparks that it consumes.
fn check() {
    let told = log::told();
    for (at, it) in told.iter().enumerate() {
        if it.event.kind == Kind::Park {
            let before = told[..at].iter().map(|it| &it.event);
            let given = before.filter(|it| it.kind == Kind::Unpark).count() as u64;
            assert_eq!(it.event.number, given, "event {at} of {told:#?}");
        }
    }
}

#[test]
fn a_token_is_consumed_with_all_that_was_given() {
    loom::model(|| {
        log::begin();
        let site = Location::caller();
        let std = Std {
            token: Mutex::new(false),
            given: Condvar::new(),
        };
        let both = Arc::new((Parking::new(Some(7)), std));
        let unparkers = [(); 2].map(|()| {
            let both = both.clone();
            thread::spawn(move || both.0.unpark(site, || both.1.unpark()))
        });
        // As `Parking::park`. It returns, whatever comes first.
        let waits = both.0.begin(site);
        both.1.park();
        assert!(both.0.end(site, waits), "std's token came with ours");
        for unparker in unparkers {
            unparker.join().expect("no law is broken");
        }
        check();
        let parks = log::numbers(Kind::Park);
        assert!(parks == [1] || parks == [2], "{parks:?}");
        assert_eq!(log::numbers(Kind::Unpark), [1, 2]);
    });
}
