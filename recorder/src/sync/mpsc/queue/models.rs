//! The rendezvous: messages are numbered in their true order, nobody sleeps
//! for ever, and what is recorded of a message stands before what needs it.

use std::panic::Location;

use loom::sync::Arc;
use loom::thread;

use super::*;
use crate::models::log;

#[track_caller]
fn queue() -> (Arc<Queue<u64>>, Site) {
    log::begin();
    (Arc::new(Queue::new()), Location::caller())
}

/// Every receive stands behind its send, every completed send behind its
/// receive.
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

fn receive(queue: &Queue<u64>, site: Site) -> Option<u64> {
    queue.receive(Patience::Endless, site).ok()
}

#[test]
fn messages_pass_a_rendezvous() {
    loom::model(move || {
        let (queue, site) = queue();
        let sender = {
            let queue = queue.clone();
            thread::spawn(move || {
                for message in 1..=2 {
                    queue.send(message, site).expect("the receiver is there");
                }
                queue.remove_sender(site);
            })
        };
        let received: Vec<u64> = std::iter::from_fn(|| receive(&queue, site)).collect();
        assert_eq!(received, [1, 2]);
        sender.join().expect("no law is broken");
        assert_eq!(log::numbers(Kind::Send), [1, 2]);
        assert_eq!(log::numbers(Kind::Recv), [1, 2]);
        check();
    });
}

#[test]
fn two_senders_are_numbered_as_they_come() {
    loom::model(|| {
        let (queue, site) = queue();
        queue.add_sender();
        let senders = [1, 2].map(|message| {
            let queue = queue.clone();
            thread::spawn(move || {
                queue.send(message, site).expect("the receiver is there");
                queue.remove_sender(site);
            })
        });
        let mut received: Vec<u64> = std::iter::from_fn(|| receive(&queue, site)).collect();
        received.sort_unstable();
        assert_eq!(received, [1, 2]);
        for sender in senders {
            sender.join().expect("no law is broken");
        }
        assert_eq!(log::numbers(Kind::Send), [1, 2]);
        check();
    });
}

#[test]
fn a_sender_that_waits_learns_that_the_receiver_is_gone() {
    loom::model(|| {
        let (queue, site) = queue();
        let sender = {
            let queue = queue.clone();
            thread::spawn(move || {
                let sent = queue.send(1, site);
                assert_eq!(sent.expect_err("nobody receives").0, 1);
            })
        };
        queue.remove_receiver(site);
        sender.join().expect("no law is broken");
    });
}
