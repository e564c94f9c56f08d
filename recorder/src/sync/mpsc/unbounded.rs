//! The unbounded channel: std's, with each message's id beside its value.

use std::panic::Location;
use std::sync::Arc;
use std::sync::mpsc::{self as std_mpsc, RecvError, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use hbtrace_traces::event::MemoryOrder;
use hbtrace_traces::kind::Kind;
use hbtrace_traces::object::ObjectKind;

use super::departure::Departure;
use super::message;
use crate::emit::{self, Event};
use crate::object::Object;
use crate::primitive::{AtomicU8, Ordering, fence};

/// The receiving half.
pub(super) struct Unbounded<T> {
    head: Arc<Head>,
    inner: std_mpsc::Receiver<Envelope<T>>,
}

/// What both halves share.
pub(super) struct Head {
    object: Object,
    /// What the receiver does. A hint for senders.
    receiver: AtomicU8,
    departure: Departure,
}

/// The receiver does not wait.
const BUSY: u8 = 0;
/// It waits: what ends its wait is stamped.
pub(super) const WAITS: u8 = 1;
/// It goes: sends fail.
pub(super) const GONE: u8 = 2;

/// A value on its way.
pub(super) struct Envelope<T> {
    pub(super) message: u64,
    pub(super) value: T,
}

impl Head {
    /// With the caller as the channel's site.
    #[track_caller]
    pub(super) fn new() -> Head {
        Head {
            object: Object::new(),
            receiver: AtomicU8::new(BUSY),
            departure: Departure::new(),
        }
    }

    pub(super) fn record(
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

    /// Records the send or the receipt of a message.
    #[inline(always)]
    pub(super) fn record_message(
        &self,
        kind: Kind,
        message: u64,
        timed: bool,
        site: &'static Location<'static>,
    ) {
        if !emit::recording() {
            return;
        }
        let channel = self.object.id(ObjectKind::Channel);
        match timed {
            false => emit::quick(kind, MemoryOrder::Relaxed, channel, message, site),
            true => emit::timed(kind, MemoryOrder::Relaxed, channel, message, site),
        }
    }

    /// A send has failed. If it saw no more than the hint that the receiver is
    /// gone, this is what orders it after the receiver's drop, as std does.
    #[cold]
    pub(super) fn send_failed(&self, site: &'static Location<'static>) {
        // Pairs with the store of GONE.
        fence(Ordering::Acquire);
        self.departure.seen(site);
    }

    /// What the receiver does. Relaxed: a hint; see `send_failed` for GONE.
    #[inline]
    pub(super) fn receiver(&self) -> u8 {
        self.receiver.load(Ordering::Relaxed)
    }

    pub(super) fn set_name(&self, name: &str) {
        self.object.name(ObjectKind::Channel, name);
        self.departure.name_after(name);
    }

    #[inline]
    fn receiver_is(&self, now: u8) {
        // Relaxed: a hint.
        self.receiver.store(now, Ordering::Relaxed);
    }

    /// The receiver is about to go.
    fn receiver_goes(&self) {
        // Release: pairs with the fence in `send_failed`.
        self.receiver.store(GONE, Ordering::Release);
    }
}

impl<T> Unbounded<T> {
    pub(super) fn new(head: Arc<Head>, inner: std_mpsc::Receiver<Envelope<T>>) -> Unbounded<T> {
        Unbounded { head, inner }
    }

    #[inline(always)]
    pub(super) fn try_receive(&self, site: &'static Location<'static>) -> Result<T, TryRecvError> {
        match self.inner.try_recv() {
            Ok(envelope) => Ok(self.received(envelope, site, false)),
            Err(TryRecvError::Empty) => Err(TryRecvError::Empty),
            Err(TryRecvError::Disconnected) => {
                self.closed(site, false);
                Err(TryRecvError::Disconnected)
            }
        }
    }

    /// Receives, waiting without end.
    #[inline(always)]
    pub(super) fn receive(&self, site: &'static Location<'static>) -> Result<T, RecvError> {
        if !emit::recording() {
            return self.inner.recv().map(|envelope| envelope.value);
        }
        match self.inner.try_recv() {
            Ok(envelope) => Ok(self.received(envelope, site, false)),
            Err(_) => self.receive_within(None, site).map_err(|_| RecvError),
        }
    }

    /// Receives, waiting for as long as `timeout` says, or without end.
    pub(super) fn receive_within(
        &self,
        timeout: Option<Duration>,
        site: &'static Location<'static>,
    ) -> Result<T, RecvTimeoutError> {
        match self.try_receive(site) {
            Ok(value) => return Ok(value),
            Err(TryRecvError::Disconnected) => return Err(RecvTimeoutError::Disconnected),
            Err(TryRecvError::Empty) => {}
        }
        self.head.record(Kind::Req, site, |event| event.timed(true));
        self.head.receiver_is(WAITS);
        let result = match timeout {
            Some(timeout) => self.inner.recv_timeout(timeout),
            None => self
                .inner
                .recv()
                .map_err(|_| RecvTimeoutError::Disconnected),
        };
        self.head.receiver_is(BUSY);
        match result {
            Ok(envelope) => Ok(self.received(envelope, site, true)),
            Err(RecvTimeoutError::Timeout) => {
                self.head
                    .record(Kind::Unreq, site, |event| event.timed(true));
                Err(RecvTimeoutError::Timeout)
            }
            Err(RecvTimeoutError::Disconnected) => {
                self.closed(site, true);
                Err(RecvTimeoutError::Disconnected)
            }
        }
    }

    /// The receiver goes. It receives what it drops, as the trace sees it, so
    /// that senders come before their values' destructors. (A send that is
    /// under way at this moment may be missed.)
    pub(super) fn close(&self, site: &'static Location<'static>) {
        // Relaxed, within: once no sender is left none can be made.
        if Arc::strong_count(&self.head) > 1 {
            self.head.departure.begins(site);
        }
        self.head.receiver_goes();
        if emit::recording() {
            while let Ok(envelope) = self.inner.try_recv() {
                drop(self.received(envelope, site, false));
            }
        }
    }

    #[inline(always)]
    fn received(&self, envelope: Envelope<T>, site: &'static Location<'static>, waited: bool) -> T {
        if envelope.message != message::UNRECORDED {
            self.head
                .record_message(Kind::Recv, envelope.message, waited, site);
        } else if emit::recording() && waited {
            // Asked in any case: the sender saw the end before it sent, and
            // what this thread does with the value is not to be recorded either.
            self.head
                .record(Kind::Unreq, site, |event| event.timed(true));
        }
        envelope.value
    }

    fn closed(&self, site: &'static Location<'static>, waited: bool) {
        self.head
            .record(Kind::RecvClosed, site, |event| event.timed(waited));
    }

    pub(super) fn set_name(&self, name: &str) {
        self.head.set_name(name);
    }
}
