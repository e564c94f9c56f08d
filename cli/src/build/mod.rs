//! Builds of programs that record without a change in their source: what
//! compilers are told, and where the library is that they link.

pub(crate) mod cargo;
pub(crate) mod compiler;
pub(crate) mod library;
pub(crate) mod tool;
