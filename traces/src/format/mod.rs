//! The bytes of a `.trace` file; `traces/FORMAT.md` is the specification.
//!
//! - [`layout`]: the file header and the chunk headers.
//! - [`running`]: whether the process that recorded is alive.
//! - [`settings`]: how a recording is asked for.
//! - [`start`]: how a file begins, and which a recorder may replace.
//! - [`words`]: events as 8-byte words.
//! - [`table`]: names of threads, objects and sites (serde and bincode).

pub mod layout;
pub mod running;
pub mod settings;
pub mod start;
pub mod table;
pub mod words;
