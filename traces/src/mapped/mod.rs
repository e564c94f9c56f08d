//! A `.trace` file in memory: its bytes, where the words of each thread lie in
//! them, and the plain accesses, which stay there until they are walked.
//!
//! This knows no tables and no traces; [`read`](mod@crate::read) makes those of
//! it.

mod accesses;
mod file;
mod run;

pub use accesses::MappedAccesses;
pub(crate) use file::{Mapping, map};
pub(crate) use run::Run;
