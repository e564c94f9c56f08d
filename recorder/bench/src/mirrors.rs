//! The operations over the recorder's mirrors: the files of `native` again,
//! with other types behind the same names.
#![allow(clippy::duplicate_mod)]

use hbtrace_recorder::{sync, thread};

#[path = "contended.rs"]
pub(crate) mod contended;
#[path = "operations.rs"]
pub(crate) mod operations;
