//! What a service links: mirrors of `std::sync`, `std::thread` and `std::cell`
//! that record what threads do to each other.
//!
//! # Ground rules
//!
//! The recorder never panics, never blocks the service without bound, never
//! takes a lock that it also records, and allocates nothing on the hot path.
//! What it cannot record it counts, in the file.

#[cfg(feature = "record")]
pub use error::Error;
pub use named::{Named, name};
#[cfg(not(feature = "record"))]
pub use off::*;
#[cfg(feature = "record")]
pub use session::{Builder, Session, record};
#[cfg(feature = "record")]
pub use tell::{Stretch, Token, acquire, alloc, free, outside, read, release, span, write};

pub mod cell;
#[cfg(feature = "record")]
mod chunk;
#[cfg(feature = "record")]
mod emit;
#[cfg(feature = "record")]
mod error;
#[cfg(feature = "record")]
mod event;
#[cfg(feature = "record")]
mod fork;
#[cfg(feature = "record")]
mod header;
mod named;
#[cfg(feature = "record")]
mod object;
#[cfg(not(feature = "record"))]
mod off;
#[cfg(feature = "record")]
mod output;
#[cfg(feature = "record")]
mod primitive;
#[cfg(feature = "record")]
mod session;
#[cfg(feature = "record")]
mod site;
#[cfg(feature = "record")]
mod space;
#[cfg(feature = "record")]
pub mod sync;
#[cfg(feature = "record")]
mod table;
#[cfg(feature = "record")]
mod tell;
#[cfg(feature = "record")]
pub mod thread;
#[cfg(feature = "record")]
mod ticks;
mod tracked;
#[cfg(feature = "record")]
mod writer;
