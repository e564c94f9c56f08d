//! A trace **at rest**: what hbtrace knows about events, files and texts.
//!
//! - [`event`]: one recorded step, in the form every reader produces.
//! - [`kind`]: the table of event kinds. One row a kind: its text name, its
//!   operands, its *effects* and its place in the order of its object.
//! - [`format`](mod@format): the bytes of a `.trace` file (`FORMAT.md` is the
//!   specification); this is all that the recorder pulls in.
//! - [`trace`] (feature `read`): a whole trace in memory, from whatever source.
//! - [`read`](mod@read), [`text`] (feature `read`): sources of a [`trace::Trace`].
//! - [`write`](mod@write) (feature `read`): a trace as a `.trace` file.
//! - [`pack`] (feature `read`): a `.trace` file compressed, and back.
//! - [`replay`] (feature `read`): the streams of all threads merged into one
//!   lawful order.
//! - [`check`](mod@check) (feature `read`): whether that can be an execution.

pub mod event;
pub mod format;
pub mod id;
pub mod kind;
pub mod object;

#[cfg(feature = "read")]
pub mod check;
#[cfg(feature = "read")]
pub mod error;
#[cfg(feature = "read")]
mod mapped;
#[cfg(feature = "read")]
mod options;
#[cfg(feature = "read")]
pub mod pack;
#[cfg(feature = "read")]
mod packed;
#[cfg(feature = "read")]
pub mod read;
#[cfg(feature = "read")]
mod recording;
#[cfg(feature = "read")]
pub mod replay;
#[cfg(feature = "read")]
pub mod text;
#[cfg(feature = "read")]
pub mod trace;
#[cfg(feature = "read")]
pub mod write;
