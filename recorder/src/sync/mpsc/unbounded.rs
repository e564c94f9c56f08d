//! The receiving half of the unbounded channel, and what is recorded of it.

use std::panic::Location;
use std::sync::mpsc::{RecvError, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use hbtrace_traces::event::MemoryOrder;
use hbtrace_traces::kind::Kind;
use hbtrace_traces::object::ObjectKind;

use super::departure::Departure;
use super::list::{Message, Nothing, Taker};
use crate::emit::{self, Event};
use crate::object::Object;
use crate::primitive::{AtomicBool, Ordering};

/// The receiving half.
pub(super) struct Unbounded<T> {
    taker: Taker<T, Head>,
}

/// What the channel has besides its list.
pub(super) struct Head {
    object: Object,
    /// The receiver waits: a sender that goes is stamped. A hint.
    waits: AtomicBool,
    departure: Departure,
}

impl Head {
    /// With the caller as the channel's site.
    #[track_caller]
    pub(super) fn new() -> Head {
        Head {
            object: Object::new(),
            waits: AtomicBool::new(false),
            departure: Departure::new(),
        }
    }

    fn record(
        &self,
        kind: Kind,
        site: &'static Location<'static>,
        fill: impl FnOnce(Event) -> Event,
    ) {
        if emit::recording() {
            let event = Event::new(kind, self.object.id(ObjectKind::Channel), site);
            emit::sync(fill(event));
        }
    }

    /// Records the send or the receipt of a message. The caller has asked
    /// whether anything is recorded.
    #[inline(always)]
    pub(super) fn record_message(
        &self,
        kind: Kind,
        number: u64,
        timed: bool,
        site: &'static Location<'static>,
    ) {
        let channel = self.object.id(ObjectKind::Channel);
        match timed {
            false => emit::quick(kind, MemoryOrder::Relaxed, channel, number, site),
            true => emit::timed(kind, MemoryOrder::Relaxed, channel, number, site),
        }
    }

    /// A send has failed, and has seen what the receiver did before it went.
    #[cold]
    pub(super) fn send_failed(&self, site: &'static Location<'static>) {
        self.departure.seen(site);
    }

    /// A sender is about to go.
    pub(super) fn sender_goes(&self, site: &'static Location<'static>) {
        // Relaxed: a hint.
        let timed = self.waits.load(Ordering::Relaxed);
        self.record(Kind::Close, site, |event| event.timed(timed));
    }

    pub(super) fn set_name(&self, name: &str) {
        self.object.name(ObjectKind::Channel, name);
        self.departure.name_after(name);
    }
}

impl<T> Unbounded<T> {
    pub(super) fn new(taker: Taker<T, Head>) -> Unbounded<T> {
        Unbounded { taker }
    }

    fn head(&self) -> &Head {
        &self.taker.list().beside
    }

    #[inline(always)]
    pub(super) fn try_receive(&self, site: &'static Location<'static>) -> Result<T, TryRecvError> {
        match self.taker.take() {
            Some(message) => Ok(self.received(message, site, false)),
            None => self.settle(site, false).map_err(|nothing| match nothing {
                Nothing::Empty => TryRecvError::Empty,
                Nothing::Ended => TryRecvError::Disconnected,
            }),
        }
    }

    /// Receives, waiting without end.
    #[inline(always)]
    pub(super) fn receive(&self, site: &'static Location<'static>) -> Result<T, RecvError> {
        match self.taker.take() {
            Some(message) => Ok(self.received(message, site, false)),
            None => self.receive_within(None, site).map_err(|_| RecvError),
        }
    }

    /// Receives, waiting for as long as `timeout` says, or without end.
    #[inline(never)]
    pub(super) fn receive_within(
        &self,
        timeout: Option<Duration>,
        site: &'static Location<'static>,
    ) -> Result<T, RecvTimeoutError> {
        match self.settle(site, false) {
            Ok(value) => return Ok(value),
            Err(Nothing::Ended) => return Err(RecvTimeoutError::Disconnected),
            Err(Nothing::Empty) => {}
        }
        let head = self.head();
        head.record(Kind::Req, site, |event| event.timed(true));
        // Relaxed, both: a hint.
        head.waits.store(true, Ordering::Relaxed);
        self.taker.wait(timeout);
        head.waits.store(false, Ordering::Relaxed);
        self.settle(site, true).map_err(|nothing| match nothing {
            Nothing::Ended => RecvTimeoutError::Disconnected,
            Nothing::Empty => {
                head.record(Kind::Unreq, site, |event| event.timed(true));
                RecvTimeoutError::Timeout
            }
        })
    }

    /// Receives what is there.
    fn settle(&self, site: &'static Location<'static>, waited: bool) -> Result<T, Nothing> {
        match self.taker.settle() {
            Ok(message) => Ok(self.received(message, site, waited)),
            Err(Nothing::Empty) => Err(Nothing::Empty),
            Err(Nothing::Ended) => {
                self.head()
                    .record(Kind::RecvClosed, site, |event| event.timed(waited));
                Err(Nothing::Ended)
            }
        }
    }

    /// The receiver goes. It receives what it drops, as the trace sees it, so
    /// that senders come before their values' destructors.
    pub(super) fn close(&self, site: &'static Location<'static>) {
        if self.taker.list().has_senders() {
            self.head().departure.begins(site);
        }
        self.taker.close();
        while let Ok(message) = self.taker.settle() {
            drop(self.received(message, site, false));
        }
    }

    #[inline(always)]
    fn received(&self, message: Message<T>, site: &'static Location<'static>, waited: bool) -> T {
        // Asked in any case: where the sender saw the end before it sent, what
        // this thread does with the value is not to be recorded either.
        let recording = emit::recording();
        if recording && message.told {
            self.head()
                .record_message(Kind::Recv, message.number, waited, site);
        } else if recording && waited {
            self.head()
                .record(Kind::Unreq, site, |event| event.timed(true));
        }
        message.value
    }

    pub(super) fn set_name(&self, name: &str) {
        self.head().set_name(name);
    }
}
