//! The sending half of the unbounded channel.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::sync::mpsc::{self as std_mpsc, SendError};

use hbtrace_traces::kind::Kind;

use super::message;
use super::receiver::Receiver;
use super::unbounded::{Envelope, GONE, Head, Unbounded, WAITS};
use crate::emit;

/// Sends on an unbounded channel; see [`std::sync::mpsc::Sender`].
pub struct Sender<T> {
    head: Arc<Head>,
    inner: std_mpsc::Sender<Envelope<T>>,
    /// Where it was made: the site of its drop.
    site: &'static Location<'static>,
}

/// As [`std::sync::mpsc::channel`].
#[must_use]
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = std_mpsc::channel();
    let head = Arc::new(Head::new());
    let sender = Sender {
        head: Arc::clone(&head),
        inner: sender,
        site: Location::caller(),
    };
    let receiver = Unbounded::new(head, receiver);
    (sender, Receiver::unbounded(receiver))
}

impl<T> Sender<T> {
    /// As [`std::sync::mpsc::Sender::send`].
    ///
    /// # Errors
    /// With the value, if the receiver is gone.
    #[inline]
    #[track_caller]
    pub fn send(&self, t: T) -> Result<(), SendError<T>> {
        if !emit::recording() {
            let message = message::UNRECORDED;
            let sent = self.inner.send(Envelope { message, value: t });
            return sent.map_err(|SendError(envelope)| SendError(envelope.value));
        }
        let site = Location::caller();
        let receiver = self.head.receiver();
        if receiver == GONE {
            self.head.send_failed(site);
            return Err(SendError(t));
        }
        let message = message::next();
        let timed = receiver == WAITS;
        self.head.record_message(Kind::Send, message, timed, site);
        self.inner
            .send(Envelope { message, value: t })
            .map_err(|SendError(envelope)| {
                self.head.record(Kind::Unsent, site, |event| event);
                self.head.send_failed(site);
                SendError(envelope.value)
            })
    }

    pub(crate) fn set_name(&self, name: &str) {
        self.head.set_name(name);
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
