//! What a service links: mirrors of `std::sync`, `std::thread` and `std::cell`
//! that record what threads do to each other.
//!
//! # Ground rules
//!
//! The recorder never panics, never blocks the service without bound, never
//! takes a lock that it also records, and allocates nothing on the hot path.
//! What it cannot record it counts, in the file.

#[cfg(feature = "record")]
mod emit;
#[cfg(feature = "record")]
mod object;
