//! Merges the streams of all threads into one lawful order.
//!
//! Each event stands behind a [`Gate`](crate::kind::Gate): it may go once what
//! its number speaks of has gone. `lanes` knows what has gone, `need` what an
//! event waits for, `walk` lets the threads run until none is left. Of an
//! imported text, the enabled event that stood first goes first, so that a text
//! in a lawful order is replayed as it stands; elsewhere a thread runs until it
//! has to wait. Either way the order is the same in every run.
//!
//! A relaxed load waits for nothing, since store and load buffering are legal.
//! The order of an atomic's writes is kept where that is possible: relaxed
//! stores to several atomics may agree on no order, and then one of them goes.

mod lanes;
mod let_go;
mod need;
#[cfg(feature = "read")]
mod reach;
mod stuck;
mod walk;

pub use walk::replay;

#[cfg(feature = "read")]
pub(crate) use need::Limit;
#[cfg(feature = "read")]
pub(crate) use reach::reach;
#[cfg(feature = "read")]
pub(crate) use walk::run;
