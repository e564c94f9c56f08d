//! The receiving half of a channel that is a [list](super::list), and what is
//! recorded of it.

use std::sync::mpsc::{RecvTimeoutError, TryRecvError};
use std::time::Duration;

use hbtrace_traces::kind::Kind;

use super::events::{Events, Site};
use super::list::{Message, Nothing, Taker};
use crate::emit;
use crate::primitive::{AtomicBool, Ordering};

/// How many messages a channel holds, and who waits for room.
pub(super) trait Bound {
    /// Whether there is one: then messages have places besides numbers, which
    /// are the same.
    const IS_ONE: bool;

    /// What it holds.
    fn capacity(&self) -> u64;

    /// Whether a sender waits, as far as one sees now.
    fn is_waited_for(&self) -> bool;

    /// Receive `number` has completed, and is recorded; `claimed`: how many
    /// sends have started.
    fn received(&self, number: u64, claimed: impl FnOnce() -> u64);

    /// The receiver is gone.
    fn closed(&self);
}

/// None.
pub(super) struct Unbounded;

impl Bound for Unbounded {
    const IS_ONE: bool = false;

    fn capacity(&self) -> u64 {
        u64::MAX
    }

    #[inline(always)]
    fn is_waited_for(&self) -> bool {
        false
    }

    #[inline(always)]
    fn received(&self, _: u64, _: impl FnOnce() -> u64) {}

    fn closed(&self) {}
}

/// The receiving half.
pub(super) struct Half<T, B> {
    taker: Taker<T, Head<B>>,
}

/// What the channel has besides its list.
pub(super) struct Head<B> {
    pub(super) events: Events,
    /// The receiver waits: a sender that goes is stamped. A hint.
    waits: AtomicBool,
    pub(super) bound: B,
}

impl<B: Bound> Head<B> {
    /// With the caller as the channel's site.
    #[track_caller]
    pub(super) fn new(bound: B) -> Head<B> {
        Head {
            events: Events::new(),
            waits: AtomicBool::new(false),
            bound,
        }
    }

    /// Records the send or the receipt of a message. The caller has asked
    /// whether anything is recorded.
    #[inline(always)]
    pub(super) fn record_message(&self, kind: Kind, number: u64, timed: bool, site: Site) {
        match B::IS_ONE {
            true => self.events.record_place(kind, number, timed, site),
            false => self.events.record_number(kind, number, timed, site),
        }
    }

    /// A send has failed, and has seen what the receiver did before it went.
    #[cold]
    pub(super) fn send_failed(&self, site: Site) {
        self.events.departure.seen(site);
    }

    /// A sender is about to go.
    pub(super) fn sender_goes(&self, site: Site) {
        // Relaxed: a hint.
        let timed = self.waits.load(Ordering::Relaxed);
        self.events
            .record(Kind::Close, site, |event| event.timed(timed));
    }
}

impl<T, B: Bound> Half<T, B> {
    pub(super) fn new(taker: Taker<T, Head<B>>) -> Half<T, B> {
        Half { taker }
    }

    fn head(&self) -> &Head<B> {
        &self.taker.list().beside
    }

    #[inline(always)]
    pub(super) fn try_receive(&self, site: Site) -> Result<T, TryRecvError> {
        match self.taker.take() {
            Some(message) => Ok(self.received(message, site, false)),
            None => self.settle(site, false).map_err(|nothing| match nothing {
                Nothing::Empty => TryRecvError::Empty,
                Nothing::Ended => TryRecvError::Disconnected,
            }),
        }
    }

    /// Receives, waiting for as long as `timeout` says, or without end.
    #[inline(always)]
    pub(super) fn receive(
        &self,
        timeout: Option<Duration>,
        site: Site,
    ) -> Result<T, RecvTimeoutError> {
        match self.taker.take() {
            Some(message) => Ok(self.received(message, site, false)),
            None => self.receive_slowly(timeout, site),
        }
    }

    #[inline(never)]
    fn receive_slowly(&self, timeout: Option<Duration>, site: Site) -> Result<T, RecvTimeoutError> {
        let mut found = self.settle(site, false);
        let is_empty = matches!(found, Err(Nothing::Empty));
        if is_empty && timeout.is_none() && self.taker.comes_soon() {
            found = self.settle(site, false);
        }
        match found {
            Ok(value) => return Ok(value),
            Err(Nothing::Ended) => return Err(RecvTimeoutError::Disconnected),
            Err(Nothing::Empty) => {}
        }
        let head = self.head();
        head.events
            .record(Kind::Req, site, |event| event.timed(true));
        // Relaxed, both: a hint.
        head.waits.store(true, Ordering::Relaxed);
        self.taker.wait(timeout);
        head.waits.store(false, Ordering::Relaxed);
        self.settle(site, true).map_err(|nothing| match nothing {
            Nothing::Ended => RecvTimeoutError::Disconnected,
            Nothing::Empty => {
                head.events
                    .record(Kind::Unreq, site, |event| event.timed(true));
                RecvTimeoutError::Timeout
            }
        })
    }

    /// Receives what is there.
    fn settle(&self, site: Site, waited: bool) -> Result<T, Nothing> {
        match self.taker.settle() {
            Ok(message) => Ok(self.received(message, site, waited)),
            Err(Nothing::Empty) => Err(Nothing::Empty),
            Err(Nothing::Ended) => {
                let events = &self.head().events;
                events.record(Kind::RecvClosed, site, |event| event.timed(waited));
                Err(Nothing::Ended)
            }
        }
    }

    /// The receiver goes. It receives what it drops, as the trace sees it, so
    /// that senders come before their values' destructors. What is beyond the
    /// bound it does not receive: those sends fail.
    pub(super) fn close(&self, site: Site) {
        let head = self.head();
        if self.taker.list().has_senders() {
            head.events.departure.begins(site);
        }
        self.taker.close(head.bound.capacity());
        head.bound.closed();
        while let Ok(message) = self.taker.settle() {
            self.record_receipt(&message, site, false);
            drop(message);
        }
    }

    #[inline(always)]
    fn received(&self, message: Message<T>, site: Site, waited: bool) -> T {
        self.record_receipt(&message, site, waited);
        let claimed = || self.taker.list().claimed();
        self.head().bound.received(message.number, claimed);
        message.value
    }

    #[inline(always)]
    fn record_receipt(&self, message: &Message<T>, site: Site, waited: bool) {
        let head = self.head();
        // Asked in any case: where the sender saw the end before it sent, what
        // this thread does with the value is not to be recorded either.
        let recording = emit::recording();
        if recording && message.told {
            let timed = waited || head.bound.is_waited_for();
            head.record_message(Kind::Recv, message.number, timed, site);
        } else if recording && waited {
            head.events
                .record(Kind::Unreq, site, |event| event.timed(true));
        }
    }

    pub(super) fn set_name(&self, name: &str) {
        self.head().events.set_name(name);
    }
}
