//! A packed trace: the bytes of a `.trace` file, compressed block by block, as
//! section 10 of `FORMAT.md` specifies.
//!
//! This is the form itself and knows neither files nor traces:
//!
//! - `steps` finds what all values of a column are multiples of; `model`
//!   foretells words from those before them; `encode` writes down where
//!   they differ, as `layout` says, and `decode` reads it back; `streams`
//!   compresses what was written. Together that is a block of sync events or
//!   accesses. Everything else is compressed as it is.
//! - `block` puts a block's bytes into their stored form and back.
//! - `index` says which bytes of the trace lie in which block.
//!
//! [`pack`](crate::pack) makes packed files; `mapped` reads from them.
//!
//! Nothing here trusts what it reads: lengths are checked against limits that
//! the reader knows, before anything is allocated for them.

mod block;
mod decode;
mod encode;
mod index;
mod layout;
mod model;
mod steps;
mod streams;
#[cfg(test)]
mod tests;

pub(crate) use block::{Packer, unpack};
pub(crate) use index::{BlockEntry, Extent, HEADS, Index, PACK_HEAD};
pub(crate) use layout::{Column, Layout};

/// What is wrong with stored bytes, in words that fit behind "expected".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault(pub(crate) String);

impl Fault {
    fn new(text: impl Into<String>) -> Fault {
        Fault(text.into())
    }
}
