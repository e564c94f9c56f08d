//! The unbounded channel: std's, with each message's id beside its value.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::sync::mpsc::{self as std_mpsc, RecvTimeoutError, SendError, TryRecvError};
use std::time::Duration;

use hbtrace_traces::kind::Kind;
use hbtrace_traces::object::ObjectKind;

use super::message;
use super::receiver::Receiver;
use crate::emit::{self, Event};
use crate::object::Object;
use crate::primitive::{AtomicU8, Ordering};

/// Sends on an unbounded channel; see [`std::sync::mpsc::Sender`].
pub struct Sender<T> {
    head: Arc<Head>,
    inner: std_mpsc::Sender<Envelope<T>>,
    /// Where it was made: the site of its drop.
    site: &'static Location<'static>,
}

/// The receiving half.
pub(super) struct Unbounded<T> {
    head: Arc<Head>,
    inner: std_mpsc::Receiver<Envelope<T>>,
}

/// What both halves share.
struct Head {
    object: Object,
    /// What the receiver does. A hint for senders.
    receiver: AtomicU8,
}

/// The receiver does not wait.
const BUSY: u8 = 0;
/// It waits: what ends its wait is stamped.
const WAITS: u8 = 1;
/// It goes: sends fail.
const GONE: u8 = 2;

struct Envelope<T> {
    message: u64,
    value: T,
}

/// As [`std::sync::mpsc::channel`].
#[must_use]
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = std_mpsc::channel();
    let head = Arc::new(Head {
        object: Object::new(),
        receiver: AtomicU8::new(BUSY),
    });
    let sender = Sender {
        head: Arc::clone(&head),
        inner: sender,
        site: Location::caller(),
    };
    (
        sender,
        Receiver::unbounded(Unbounded {
            head,
            inner: receiver,
        }),
    )
}

impl Head {
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

    /// What the receiver does. Relaxed, as all accesses of it: a hint.
    fn receiver(&self) -> u8 {
        self.receiver.load(Ordering::Relaxed)
    }

    fn receiver_is(&self, now: u8) {
        self.receiver.store(now, Ordering::Relaxed);
    }
}

impl<T> Sender<T> {
    /// As [`std::sync::mpsc::Sender::send`].
    ///
    /// # Errors
    /// With the value, if the receiver is gone.
    #[inline]
    #[track_caller]
    pub fn send(&self, t: T) -> Result<(), SendError<T>> {
        let site = Location::caller();
        let receiver = self.head.receiver();
        if receiver == GONE {
            return Err(SendError(t));
        }
        let mut message = message::UNRECORDED;
        if emit::recording() {
            message = message::next();
            let timed = receiver == WAITS;
            self.head
                .record(Kind::Send, site, |event| event.number(message).timed(timed));
        }
        self.inner
            .send(Envelope { message, value: t })
            .map_err(|SendError(envelope)| {
                if envelope.message != message::UNRECORDED {
                    self.head.record(Kind::Unsent, site, |event| event);
                }
                SendError(envelope.value)
            })
    }

    pub(crate) fn set_name(&self, name: &str) {
        self.head.object.name(ObjectKind::Channel, name);
    }
}

impl<T> Clone for Sender<T> {
    #[track_caller]
    fn clone(&self) -> Sender<T> {
        Sender {
            head: Arc::clone(&self.head),
            inner: self.inner.clone(),
            site: Location::caller(),
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        // The sender inside goes after this.
        let timed = self.head.receiver() == WAITS;
        self.head
            .record(Kind::Close, self.site, |event| event.timed(timed));
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl<T> Unbounded<T> {
    #[inline]
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

    /// Receives, waiting for as long as `timeout` says, or without end.
    #[inline]
    pub(super) fn receive(
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
        self.head.receiver_is(GONE);
        if emit::recording() {
            while let Ok(envelope) = self.inner.try_recv() {
                drop(self.received(envelope, site, false));
            }
        }
    }

    #[inline]
    fn received(&self, envelope: Envelope<T>, site: &'static Location<'static>, waited: bool) -> T {
        if envelope.message != message::UNRECORDED {
            let number = envelope.message;
            self.head
                .record(Kind::Recv, site, |event| event.number(number).timed(waited));
        } else if waited {
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
        self.head.object.name(ObjectKind::Channel, name);
    }
}
