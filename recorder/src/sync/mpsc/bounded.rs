//! The sending half of a bounded or rendezvous channel.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::sync::mpsc::{SendError, TrySendError};

use super::queue::Queue;
use super::receiver::Receiver;

/// Sends on a bounded channel; see [`std::sync::mpsc::SyncSender`].
pub struct SyncSender<T> {
    queue: Arc<Queue<T>>,
    /// Where it was made: the site of its drop.
    site: &'static Location<'static>,
}

/// As [`std::sync::mpsc::sync_channel`].
#[must_use]
#[track_caller]
pub fn sync_channel<T>(bound: usize) -> (SyncSender<T>, Receiver<T>) {
    let queue = Arc::new(Queue::new(bound));
    let sender = SyncSender {
        queue: Arc::clone(&queue),
        site: Location::caller(),
    };
    (sender, Receiver::bounded(queue))
}

impl<T> SyncSender<T> {
    /// As [`std::sync::mpsc::SyncSender::send`].
    ///
    /// # Errors
    /// With the value, if the receiver is gone, or goes before it takes it.
    #[track_caller]
    pub fn send(&self, t: T) -> Result<(), SendError<T>> {
        self.queue.send(t, Location::caller())
    }

    /// As [`std::sync::mpsc::SyncSender::try_send`].
    ///
    /// # Errors
    /// With the value, if there is no room or the receiver is gone.
    #[track_caller]
    pub fn try_send(&self, t: T) -> Result<(), TrySendError<T>> {
        self.queue.try_send(t, Location::caller())
    }

    pub(crate) fn set_name(&self, name: &str) {
        self.queue.set_name(name);
    }
}

impl<T> Clone for SyncSender<T> {
    #[track_caller]
    fn clone(&self) -> SyncSender<T> {
        self.queue.add_sender();
        SyncSender {
            queue: Arc::clone(&self.queue),
            site: Location::caller(),
        }
    }
}

impl<T> Drop for SyncSender<T> {
    fn drop(&mut self) {
        self.queue.remove_sender(self.site);
    }
}

impl<T> fmt::Debug for SyncSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncSender").finish_non_exhaustive()
    }
}
