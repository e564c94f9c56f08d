//! Text traces: one event a line, `thread|op(operands)|site|nanoseconds`.
//!
//! RAPID's STD format, extended; `TEXT.md` is its specification. Reading makes
//! two passes. The first (`draft`) turns lines into events and names into
//! ids, the second (`number`) walks the events in line order, gives each the
//! number that the recorder would have given it and refuses what can't happen.
//! What comes out is what the reader of `.trace` files makes as well.
//!
//! Adding an operation: a row in [`kind`](crate::kind), a line in the state
//! that numbers it (`locks`, `channels`, `meetings`, `number`), a sample.

mod channels;
mod draft;
mod fault;
mod identities;
mod line;
mod locks;
mod meetings;
mod named;
mod names;
mod number;
mod objects;
mod operands;
mod operation;
mod parse;
mod sites;
mod threads;
mod write;

pub use parse::parse;
pub(crate) use sites::resolve;
pub use write::write;
