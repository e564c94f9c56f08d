//! The sending half of a bounded or rendezvous channel.

use std::fmt;
use std::panic::Location;
use std::sync::mpsc::{SendError, TrySendError};

use super::buffered::{self, Shared};
use super::queue::Queue;
use super::receiver::Receiver;
use crate::primitive::Arc;

/// Sends on a bounded channel; see [`std::sync::mpsc::SyncSender`].
pub struct SyncSender<T> {
    channel: Channel<T>,
    /// Where it was made: the site of its drop.
    site: &'static Location<'static>,
}

enum Channel<T> {
    Buffered(Arc<Shared<T>>),
    Rendezvous(Arc<Queue<T>>),
}

/// As [`std::sync::mpsc::sync_channel`].
#[must_use]
#[track_caller]
pub fn sync_channel<T>(bound: usize) -> (SyncSender<T>, Receiver<T>) {
    let (channel, receiver) = if bound > 0 {
        let (list, half) = buffered::buffered(bound as u64);
        (Channel::Buffered(list), Receiver::buffered(half))
    } else {
        let queue = Arc::new(Queue::new());
        let receiver = Receiver::rendezvous(Arc::clone(&queue));
        (Channel::Rendezvous(queue), receiver)
    };
    let site = Location::caller();
    (SyncSender { channel, site }, receiver)
}

impl<T> SyncSender<T> {
    /// As [`std::sync::mpsc::SyncSender::send`].
    ///
    /// # Errors
    /// With the value, if the receiver is gone, or goes before it takes it.
    #[inline]
    #[track_caller]
    pub fn send(&self, t: T) -> Result<(), SendError<T>> {
        let site = Location::caller();
        match &self.channel {
            Channel::Buffered(list) => buffered::send(list, t, site),
            Channel::Rendezvous(queue) => queue.send(t, site),
        }
    }

    /// As [`std::sync::mpsc::SyncSender::try_send`].
    ///
    /// # Errors
    /// With the value, if there is no room or the receiver is gone.
    #[inline]
    #[track_caller]
    pub fn try_send(&self, t: T) -> Result<(), TrySendError<T>> {
        let site = Location::caller();
        match &self.channel {
            Channel::Buffered(list) => buffered::try_send(list, t, site),
            Channel::Rendezvous(queue) => queue.try_send(t, site),
        }
    }

    pub(crate) fn set_name(&self, name: &str) {
        match &self.channel {
            Channel::Buffered(list) => list.beside.events.set_name(name),
            Channel::Rendezvous(queue) => queue.set_name(name),
        }
    }
}

impl<T> Clone for SyncSender<T> {
    #[track_caller]
    fn clone(&self) -> SyncSender<T> {
        let channel = match &self.channel {
            Channel::Buffered(list) => {
                list.add_sender();
                Channel::Buffered(Arc::clone(list))
            }
            Channel::Rendezvous(queue) => {
                queue.add_sender();
                Channel::Rendezvous(Arc::clone(queue))
            }
        };
        let site = Location::caller();
        SyncSender { channel, site }
    }
}

impl<T> Drop for SyncSender<T> {
    fn drop(&mut self) {
        match &self.channel {
            Channel::Buffered(list) => {
                list.beside.sender_goes(self.site);
                list.remove_sender();
            }
            Channel::Rendezvous(queue) => queue.remove_sender(self.site),
        }
    }
}

impl<T> fmt::Debug for SyncSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncSender").finish_non_exhaustive()
    }
}
