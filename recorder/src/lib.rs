//! What a service links: mirrors of `std::sync`, `std::thread` and `std::cell`
//! that record what threads do to each other.
//!
//! # Ground rules
//!
//! The recorder never panics, never blocks the service without bound, never
//! takes a lock that it also records, and allocates nothing on the hot path.
//! What it cannot record it counts, in the file.

pub use named::{Named, name};
#[cfg(not(feature = "record"))]
pub use off::*;
#[cfg(feature = "record")]
pub use tell::{Stretch, Token, acquire, alloc, free, outside, read, release, span, write};

pub mod cell;
#[cfg(feature = "record")]
mod emit;
mod named;
#[cfg(feature = "record")]
mod object;
#[cfg(not(feature = "record"))]
mod off;
#[cfg(feature = "record")]
pub mod sync;
#[cfg(feature = "record")]
mod tell;
mod tracked;
