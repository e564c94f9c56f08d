//! The list: places are taken in the order in which they were
//! claimed, each value once, nobody sleeps for ever, and what is recorded of a
//! send stands before what its receiver does. A block has two places here.

use loom::thread::{self, JoinHandle};

use super::*;
use crate::models::log;
use crate::state;

/// Its owner, of which there is one at a time.
struct Value(u64, Arc<loom::sync::atomic::AtomicUsize>);

impl Drop for Value {
    fn drop(&mut self) {
        // Relaxed: counted when all threads are joined.
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

type Half = Arc<List<u64, ()>>;

fn begin() -> (Half, Taker<u64, ()>) {
    log::begin();
    let (list, taker) = list(());
    list.touch();
    (list, taker)
}

/// Sends `values` and goes, on a thread of its own.
fn sends(list: Half, values: std::ops::Range<u64>) -> JoinHandle<()> {
    thread::spawn(move || {
        for value in values {
            list.claim().expect("the receiver stays").put(value, true);
        }
        list.remove_sender();
    })
}

/// All that comes, by sleeping for it.
fn receive(taker: &Taker<u64, ()>) -> Vec<u64> {
    let mut received = Vec::new();
    loop {
        match taker.settle() {
            Ok(message) => received.push(message.value),
            Err(Nothing::Ended) => return received,
            Err(Nothing::Empty) => taker.wait(None),
        }
        assert!(taker.taken.get() == received.len() as u64);
    }
}

#[test]
fn messages_of_one_sender_come_in_order_and_wake_the_receiver() {
    loom::model(|| {
        let (list, taker) = begin();
        let sender = sends(list, 0..3);
        assert_eq!(receive(&taker), [0, 1, 2]);
        sender.join().expect("no law is broken");
    });
}

/// The places cross the end of a block. Nobody receives meanwhile, so that the
/// senders' steps are all that is tried.
#[test]
fn two_senders_fill_places_of_their_own() {
    loom::model(|| {
        let (list, taker) = begin();
        list.add_sender();
        for thread in [sends(list.clone(), 0..1), sends(list, 10..11)] {
            thread.join().expect("no law is broken");
        }
        let mut received = receive(&taker);
        received.sort_unstable();
        assert_eq!(received, [0, 10]);
    });
}

#[test]
fn an_empty_channel_is_one_to_which_nothing_was_sent() {
    loom::model(|| {
        let (list, taker) = begin();
        let other = {
            let list = list.clone();
            thread::spawn(move || {
                list.claim().expect("the receiver stays").put(0, true);
            })
        };
        list.claim().expect("the receiver stays").put(1, true);
        // The own one is there, whatever became of the other thread's.
        assert!(taker.settle().is_ok());
        other.join().expect("no law is broken");
        assert!(taker.settle().is_ok());
        assert_eq!(taker.settle().err(), Some(Nothing::Empty));
    });
}

#[test]
fn a_value_is_dropped_once_wherever_the_receiver_goes() {
    loom::model(|| {
        log::begin();
        let (list, taker) = list::<Value, ()>(());
        list.touch();
        let dropped = Arc::new(loom::sync::atomic::AtomicUsize::new(0));
        let sender = {
            let dropped = dropped.clone();
            thread::spawn(move || {
                for number in 0..3 {
                    let value = Value(number, dropped.clone());
                    match list.claim() {
                        Some(claimed) => drop(claimed.put(value, true)),
                        None => drop(value),
                    }
                }
                list.remove_sender();
            })
        };
        if let Some(message) = taker.take() {
            assert_eq!((message.value.0, message.number), (0, 1));
        }
        drop(taker);
        sender.join().expect("no law is broken");
        // Relaxed: the join orders it.
        assert_eq!(dropped.load(Ordering::Relaxed), 3);
    });
}

/// A send is told before its value is there, and not told if the session has
/// ended: then neither is the receipt.
#[test]
fn a_receipt_stands_behind_its_send() {
    use hbtrace_traces::event::MemoryOrder::Relaxed;
    use hbtrace_traces::kind::Kind;

    use crate::emit;

    loom::model(|| {
        let (list, taker) = begin();
        let site = std::panic::Location::caller();
        let sender = thread::spawn(move || {
            let claimed = list.claim().expect("the receiver stays");
            let told = emit::recording();
            if told {
                emit::quick(Kind::Send, Relaxed, 0, claimed.number, site);
            }
            claimed.put(0, told);
            list.remove_sender();
        });
        let end = thread::spawn(|| {
            state::stop();
        });
        loop {
            match taker.settle() {
                Ok(message) if emit::recording() && message.told => {
                    emit::quick(Kind::Recv, Relaxed, 0, message.number, site);
                }
                Ok(_) => {}
                Err(Nothing::Ended) => break,
                Err(Nothing::Empty) => taker.wait(None),
            }
        }
        sender.join().expect("no law is broken");
        end.join().expect("no law is broken");
        let kinds: Vec<Kind> = log::told().iter().map(|it| it.event.kind).collect();
        assert!([Kind::Send, Kind::Recv].starts_with(&kinds), "{kinds:?}");
    });
}
