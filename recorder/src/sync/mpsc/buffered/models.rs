//! The channel with room: messages are numbered in their true order, nobody
//! sleeps for ever, what is recorded of a message stands before what needs it,
//! and no value is lost where the receiver goes. A block has two places here.

use loom::sync::Arc;
use loom::sync::atomic::AtomicUsize;
use loom::thread::{self, JoinHandle};

use super::*;
use crate::models::log;

/// Its owner, of which there is one at a time.
#[derive(Debug)]
struct Value(Arc<AtomicUsize>);

impl Drop for Value {
    fn drop(&mut self) {
        // Relaxed: counted when all threads are joined.
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[track_caller]
fn begin<T>(capacity: u64) -> (Arc<Shared<T>>, Half<T, Room>, Site) {
    log::begin();
    let (list, half) = buffered(capacity);
    let room = &list.beside.bound;
    // Touched before they are shared. Relaxed: nobody else has them yet.
    for word in [&room.received, &room.known] {
        word.load(Ordering::Relaxed);
    }
    for bell in &room.bells {
        bell.load(Ordering::Relaxed);
    }
    list.touch();
    list.beside.events.touch();
    (list, half, std::panic::Location::caller())
}

/// Every receive stands behind its send, every completed send behind the
/// receive that made room for it.
fn check() {
    let told = log::told();
    for (at, it) in told.iter().enumerate() {
        let needs = match it.event.kind {
            Kind::Recv => Kind::Send,
            Kind::Sent if it.event.number > 0 => Kind::Recv,
            _ => continue,
        };
        let mut before = told[..at].iter().map(|it| &it.event);
        let found = before.any(|other| other.kind == needs && other.number == it.event.number);
        assert!(found, "event {at} of {told:#?}");
    }
}

/// Sends `values` and goes, on a thread of its own.
fn sends(list: Arc<Shared<u64>>, values: std::ops::Range<u64>, site: Site) -> JoinHandle<()> {
    thread::spawn(move || {
        for value in values {
            send(&list, value, site).expect("the receiver stays");
        }
        list.beside.sender_goes(site);
        list.remove_sender();
    })
}

fn receive_all(half: &Half<u64, Room>, site: Site) -> Vec<u64> {
    std::iter::from_fn(|| half.receive(None, site).ok()).collect()
}

/// The sender sleeps for room, the receiver for messages, past the end of a
/// block.
#[test]
fn messages_pass_one_place() {
    loom::model(|| {
        let (list, half, site) = begin(1);
        let sender = sends(list, 0..3, site);
        assert_eq!(receive_all(&half, site), [0, 1, 2]);
        sender.join().expect("no law is broken");
        assert_eq!(log::numbers(Kind::Send), [1, 2, 3]);
        assert_eq!(log::numbers(Kind::Recv), [1, 2, 3]);
        check();
    });
}

/// Two senders sleep, each for a receive of its own. Nothing is recorded, so
/// that their steps are what is tried.
#[test]
fn two_senders_wait_for_their_own_receives() {
    loom::model(|| {
        let (list, half, site) = begin(2);
        crate::state::stop();
        for value in 0..2 {
            send(&list, value, site).expect("there is room");
        }
        let senders = [2, 3].map(|value| {
            let list = list.clone();
            thread::spawn(move || send(&list, value, site).expect("the receiver stays"))
        });
        for value in 0..2 {
            assert_eq!(half.try_receive(site), Ok(value));
        }
        for sender in senders {
            sender.join().expect("no law is broken");
        }
    });
}

/// What a receive made room for may be sent at once, and nothing else.
#[test]
fn a_try_finds_room_where_a_receive_made_it() {
    loom::model(|| {
        let (list, half, site) = begin(1);
        send(&list, 0, site).expect("the receiver stays");
        let sender = {
            let list = list.clone();
            thread::spawn(move || try_send(&list, 1, site).is_ok())
        };
        assert_eq!(half.try_receive(site), Ok(0));
        let sent = sender.join().expect("no law is broken");
        assert_eq!(half.try_receive(site).ok(), sent.then_some(1));
        assert_eq!(try_send(&list, 2, site), Ok(()));
        assert_eq!(try_send(&list, 3, site), Err(TrySendError::Full(3)));
        check();
    });
}

/// What was sent is received, or dropped by the receiver; what was not is given
/// back. The sender sleeps where the receiver goes, or comes later.
#[test]
fn a_value_is_given_back_where_the_receiver_goes() {
    loom::model(|| {
        let (list, half, site) = begin(1);
        let dropped = Arc::new(AtomicUsize::new(0));
        let sender = {
            let dropped = dropped.clone();
            thread::spawn(move || {
                let mut sent = 0;
                for _ in 0..3 {
                    sent += usize::from(send(&list, Value(dropped.clone()), site).is_ok());
                }
                list.beside.sender_goes(site);
                list.remove_sender();
                sent
            })
        };
        drop(half.try_receive(site));
        half.close(site);
        drop(half);
        let sent = sender.join().expect("no law is broken");
        // Relaxed: the join orders it.
        assert_eq!(dropped.load(Ordering::Relaxed), 3);
        assert_eq!(log::numbers(Kind::Recv).len(), sent);
        assert_eq!(log::numbers(Kind::Sent).len(), sent);
        check();
    });
}

/// Nothing is recorded of a message, wherever the session ends, whose causes
/// are not.
#[test]
fn a_completed_send_stands_behind_its_receipt() {
    loom::model(|| {
        let (list, half, site) = begin(1);
        send(&list, 0, site).expect("the receiver stays");
        let sender = thread::spawn(move || send(&list, 1, site));
        let end = thread::spawn(|| {
            crate::state::stop();
        });
        assert_eq!(half.receive(None, site), Ok(0));
        assert_eq!(sender.join().expect("no law is broken"), Ok(()));
        end.join().expect("no law is broken");
        check();
    });
}

#[test]
fn receives_are_compared_past_the_end_of_their_count() {
    let last = 1 << (64 - SLEEPERS);
    for (received, needed) in [(0, 0), (1, 1), (5, 3), (last, last), (last + 2, last - 1)] {
        let word = (received % last) << SLEEPERS | 3;
        assert!(has(word, needed), "{received} {needed}");
        assert!(!has(word, received + 1), "{received}");
    }
}
