//! What a failed send learns: that the receiver is gone.
//!
//! Std's docs do not promise that what was done before a receiver's drop comes
//! before a send that fails for it, but its implementation sees to it: the drop
//! publishes, and a send on an unbounded or a rendezvous channel acquires. One
//! on a buffered channel reads the mark of the drop without acquiring it unless
//! it waits, and then there is no order to be recorded.

use std::panic::Location;

use hbtrace_traces::kind::Kind;

use crate::tell::{self, Token};

/// The drop of a channel's receiver, which releases, and the sends that fail
/// for it, which acquire.
pub(super) struct Departure(Token);

impl Departure {
    /// With the caller as the channel's site.
    #[track_caller]
    pub(super) const fn new() -> Departure {
        Departure(Token::new())
    }

    /// The receiver goes. Called before a sender can see it.
    pub(super) fn begins(&self, site: &'static Location<'static>) {
        tell::pass(&self.0, Kind::Release, 1, site);
    }

    /// A send fails for it. Called after the sender has seen it.
    #[cold]
    pub(super) fn seen(&self, site: &'static Location<'static>) {
        tell::pass(&self.0, Kind::Acquire, 0, site);
    }

    /// Names it after its channel.
    pub(super) fn name_after(&self, channel: &str) {
        self.0.set_name(&format!("{channel}.receiver"));
    }
}
