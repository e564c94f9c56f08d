//! The sending half of the unbounded channel.

use std::fmt;
use std::panic::Location;
use std::sync::mpsc::SendError;

use hbtrace_traces::kind::Kind;

use super::half::{Half, Head, Unbounded};
use super::list::{self, List};
use super::receiver::Receiver;
use crate::emit;
use crate::primitive::Arc;

/// Sends on an unbounded channel; see [`std::sync::mpsc::Sender`].
pub struct Sender<T> {
    list: Arc<List<T, Head<Unbounded>>>,
    /// Where it was made: the site of its drop.
    site: &'static Location<'static>,
}

/// As [`std::sync::mpsc::channel`].
#[must_use]
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (list, taker) = list::list(Head::new(Unbounded));
    let sender = Sender {
        list,
        site: Location::caller(),
    };
    (sender, Receiver::unbounded(Half::new(taker)))
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
        let Some(claimed) = self.list.claim() else {
            self.list.beside.send_failed(site);
            return Err(SendError(t));
        };
        let told = emit::recording();
        if told {
            let timed = claimed.awaited;
            let head = &self.list.beside;
            head.record_message(Kind::Send, claimed.number, timed, site);
        }
        claimed.put(t, told);
        Ok(())
    }

    pub(crate) fn set_name(&self, name: &str) {
        self.list.beside.events.set_name(name);
    }
}

impl<T> Clone for Sender<T> {
    #[track_caller]
    fn clone(&self) -> Sender<T> {
        self.list.add_sender();
        Sender {
            list: Arc::clone(&self.list),
            site: Location::caller(),
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.list.beside.sender_goes(self.site);
        self.list.remove_sender();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}
