//! Mirror of [`std::sync::mpsc`].
//!
//! All kinds of channels are queues of our own. In an unbounded or a bounded one
//! the number of a message is its place in a list, so nothing travels beside the
//! value; in a bounded one it also orders threads which receive freed which slot,
//! and that is the one that a count of receives says. In a rendezvous it is
//! decided and recorded under one lock.
//!
//! `send` is recorded before the value can be received, `recv` after it was,
//! `close` before a sender is gone, `recv_closed` when a receiver saw that all
//! are. A `try_send` on a rendezvous channel whose receiver waits returns when
//! that receiver has woken and taken the value (std's returns a little
//! earlier): that it did take it is an edge back to the sender.
//! A receiver that goes receives what it drops, as the trace sees it: the
//! destructors of those values come after their senders.
//!
//! A send that fails since the receiver is gone comes after what was done before
//! the receiver's drop. Std's docs do not promise that, but its implementation
//! does it, except that a send on a buffered channel has to have waited: there
//! a send that fails at once reads a relaxed mark and is ordered after nothing.
//! The trace holds the drop as a `release` and the failed send as an `acquire`
//! of a token, `NAME.receiver` where the channel is called `NAME`.

mod bounded;
mod buffered;
mod departure;
mod events;
mod half;
mod iter;
mod list;
mod queue;
mod receiver;
mod sender;

pub use std::sync::mpsc::{RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError};

pub use bounded::{SyncSender, sync_channel};
pub use iter::{IntoIter, Iter, TryIter};
pub use receiver::Receiver;
pub use sender::{Sender, channel};
