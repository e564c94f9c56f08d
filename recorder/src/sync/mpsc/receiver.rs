//! The receiving half of any channel.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::sync::mpsc::{RecvError, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use super::queue::{Patience, Queue};
use super::unbounded::Unbounded;

/// Receives from a channel; see [`std::sync::mpsc::Receiver`].
pub struct Receiver<T> {
    half: Half<T>,
    /// Where it was made: the site of its drop.
    site: &'static Location<'static>,
}

enum Half<T> {
    Unbounded(Unbounded<T>),
    Bounded(Arc<Queue<T>>),
}

impl<T> Receiver<T> {
    #[track_caller]
    pub(super) fn unbounded(half: Unbounded<T>) -> Receiver<T> {
        Receiver {
            half: Half::Unbounded(half),
            site: Location::caller(),
        }
    }

    #[track_caller]
    pub(super) fn bounded(queue: Arc<Queue<T>>) -> Receiver<T> {
        Receiver {
            half: Half::Bounded(queue),
            site: Location::caller(),
        }
    }

    /// As [`std::sync::mpsc::Receiver::recv`].
    ///
    /// # Errors
    /// If the channel is empty and all senders are gone.
    #[inline]
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        let site = Location::caller();
        match &self.half {
            Half::Unbounded(half) => half.receive(site),
            Half::Bounded(queue) => queue
                .receive(Patience::Endless, site)
                .map_err(|_| RecvError),
        }
    }

    /// As [`std::sync::mpsc::Receiver::try_recv`].
    ///
    /// # Errors
    /// If the channel is empty.
    #[inline]
    #[track_caller]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        let site = Location::caller();
        match &self.half {
            Half::Unbounded(half) => half.try_receive(site),
            Half::Bounded(queue) => {
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
        match &self.half {
            Half::Unbounded(half) => half.receive_within(Some(timeout), site),
            Half::Bounded(queue) => {
                let end = Instant::now().checked_add(timeout);
                queue.receive(end.map_or(Patience::Endless, Patience::Until), site)
            }
        }
    }

    pub(crate) fn set_name(&self, name: &str) {
        match &self.half {
            Half::Unbounded(half) => half.set_name(name),
            Half::Bounded(queue) => queue.set_name(name),
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        match &self.half {
            Half::Unbounded(half) => half.close(self.site),
            Half::Bounded(queue) => queue.remove_receiver(self.site),
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
