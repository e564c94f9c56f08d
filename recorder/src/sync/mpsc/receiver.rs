//! The receiving half of any channel.

use std::fmt;
use std::panic::Location;
use std::sync::mpsc::{RecvError, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use super::buffered::Room;
use super::half::{Half, Unbounded};
use super::queue::{Patience, Queue};
use crate::primitive::Arc;

/// Receives from a channel; see [`std::sync::mpsc::Receiver`].
pub struct Receiver<T> {
    channel: Channel<T>,
    /// Where it was made: the site of its drop.
    site: &'static Location<'static>,
}

enum Channel<T> {
    Unbounded(Half<T, Unbounded>),
    Buffered(Half<T, Room>),
    Rendezvous(Arc<Queue<T>>),
}

impl<T> Receiver<T> {
    #[track_caller]
    pub(super) fn unbounded(half: Half<T, Unbounded>) -> Receiver<T> {
        Receiver::new(Channel::Unbounded(half))
    }

    #[track_caller]
    pub(super) fn buffered(half: Half<T, Room>) -> Receiver<T> {
        Receiver::new(Channel::Buffered(half))
    }

    #[track_caller]
    pub(super) fn rendezvous(queue: Arc<Queue<T>>) -> Receiver<T> {
        Receiver::new(Channel::Rendezvous(queue))
    }

    #[track_caller]
    fn new(channel: Channel<T>) -> Receiver<T> {
        let site = Location::caller();
        Receiver { channel, site }
    }

    /// As [`std::sync::mpsc::Receiver::recv`].
    ///
    /// # Errors
    /// If the channel is empty and all senders are gone.
    #[inline]
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        let site = Location::caller();
        match &self.channel {
            Channel::Unbounded(half) => half.receive(None, site),
            Channel::Buffered(half) => half.receive(None, site),
            Channel::Rendezvous(queue) => queue.receive(Patience::Endless, site),
        }
        .map_err(|_| RecvError)
    }

    /// As [`std::sync::mpsc::Receiver::try_recv`].
    ///
    /// # Errors
    /// If the channel is empty.
    #[inline]
    #[track_caller]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        let site = Location::caller();
        match &self.channel {
            Channel::Unbounded(half) => half.try_receive(site),
            Channel::Buffered(half) => half.try_receive(site),
            Channel::Rendezvous(queue) => {
                queue
                    .receive(Patience::None, site)
                    .map_err(|error| match error {
                        RecvTimeoutError::Timeout => TryRecvError::Empty,
                        RecvTimeoutError::Disconnected => TryRecvError::Disconnected,
                    })
            }
        }
    }

    /// As [`std::sync::mpsc::Receiver::recv_timeout`].
    ///
    /// # Errors
    /// If the time is over, or the channel is empty and all senders are gone.
    #[track_caller]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        let site = Location::caller();
        match &self.channel {
            Channel::Unbounded(half) => half.receive(Some(timeout), site),
            Channel::Buffered(half) => half.receive(Some(timeout), site),
            Channel::Rendezvous(queue) => {
                let end = Instant::now().checked_add(timeout);
                queue.receive(end.map_or(Patience::Endless, Patience::Until), site)
            }
        }
    }

    pub(crate) fn set_name(&self, name: &str) {
        match &self.channel {
            Channel::Unbounded(half) => half.set_name(name),
            Channel::Buffered(half) => half.set_name(name),
            Channel::Rendezvous(queue) => queue.set_name(name),
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        match &self.channel {
            Channel::Unbounded(half) => half.close(self.site),
            Channel::Buffered(half) => half.close(self.site),
            Channel::Rendezvous(queue) => queue.remove_receiver(self.site),
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
