//! A `.trace` file in memory: its bytes, where the words of each thread lie in
//! them, and the plain accesses, which stay there until they are walked.
//!
//! [`Mapping`] is the one way to the bytes of a trace, whether they lie in the
//! file as recorded or have to be unpacked: its offsets are those of the trace
//! as recorded.
//!
//! This knows no tables and no traces; [`read`](mod@crate::read) makes those of
//! it.

mod accesses;
mod ahead;
mod blocks;
mod file;
mod mapping;
mod run;

pub use accesses::MappedAccesses;
pub(crate) use file::{MappedFile, map};
pub(crate) use mapping::Mapping;
pub(crate) use run::Run;
