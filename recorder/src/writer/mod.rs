//! What a thread writes with: its cursor into its chunks of the file.
//!
//! # The fast path and the full one
//!
//! Most events pass through [`cursor`]: an access is one word, a sync event
//! where nobody waits two, or one where the event before tells the other. Their functions are inlined into the mirrors, look
//! at nothing but thread-local words, and only *answer or decline*: whatever is
//! not the usual case (a place met for the first time, a full chunk, an event
//! that needs a time, the recorder busy below a signal handler) goes to
//! [`full`], which knows everything and is out of line. Between them,
//! [`stamped`](mod@stamped) writes what only lacks a time.
//!
//! # One word as cursor
//!
//! Each stream has one thread-local word, [`edge`]'s `next`: where the next
//! word goes. Together with its `end` it also says "not yet set up", "chunk
//! full", "something is due" (a time stamp) and "never", so the fast path has
//! one comparison for all of them.
//!
//! # Signals
//!
//! A signal handler may interrupt an event halfway. The top byte of `next` says
//! that an event is under way: a handler that finds it declines, and the full
//! path drops and counts its event. The byte is set *after* `next` was read, as
//! one store; that `next` has not moved in between is verified after it, when
//! no handler can move it any more. So no event is overwritten and none is lost
//! uncounted, at the price of a store and a comparison.
//!
//! # Room
//!
//! A hold that is taken has room for its release in the current chunk: the last
//! [`full::RELEASE_WORDS`] of a sync chunk are for releases only, so that no
//! release has to draw a chunk while the service holds a lock (unless it holds
//! more locks than that).
//!
//! # The end
//!
//! What stops a session (see [`state`](crate::state)) is seen at a sync
//! event, never at an access: from then on the thread's cursor is shut. That is
//! sound, since accesses between the session's end and the thread's next sync
//! event belong to a segment whose begin is recorded.

mod cursor;
mod edge;
mod full;
mod life;
mod poll;
#[cfg(feature = "raw")]
mod repeats;
mod stamped;
mod steps;
mod stream;

pub(crate) use cursor::{
    Access, access, accesses, brief, brief_load, brief_pending, brief_release, is_off, is_polled,
};
#[cfg(feature = "raw")]
pub(crate) use cursor::{access_at, cursor};
pub(crate) use full::{access_full, sync, sync_counted, sync_known};
pub(crate) use life::{adopt, lose_access, lose_sync, quietly, shut, thread};
#[cfg(feature = "raw")]
pub(crate) use life::{is_inside, name};
pub(crate) use stamped::{stamped, stamped_pending, stamped_release};
pub(crate) use stream::{BriefSlot, NumberSlot};
