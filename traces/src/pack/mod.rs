//! Packs a `.trace` file, and unpacks it again: `hbtrace pack` and `unpack`.
//!
//! Packing is about bytes: a packed file holds every byte of the trace, and
//! unpacks to just that file, whatever is in it (a finished trace, one whose
//! process was killed, a damaged one). What it knows of chunks and events only
//! makes it small. Readers take both forms; see `packed` for
//! the form, and `mapped` for how it is read.
//!
//! The output does not depend on the number of threads that make it. It appears
//! under its name only when it is whole.

mod draft;
mod pack_file;
mod plan;
mod shapes;
mod unpack_file;

pub use pack_file::pack;
pub use unpack_file::unpack;

/// Bytes before and after.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sizes {
    /// Of the trace as recorded.
    pub trace: u64,
    /// Of the packed file.
    pub packed: u64,
}
