//! The operations over std's types.

use std::{sync, thread};

#[path = "contended.rs"]
pub(crate) mod contended;
#[path = "operations.rs"]
pub(crate) mod operations;
