//! One body of tests for `std::sync` and for its mirrors; the mirrors' a
//! second time while they record.
#![cfg(feature = "record")]
#![allow(clippy::unwrap_used, clippy::readonly_write_lock, reason = "tests")]

/// Runs the same items against std and against the mirror: in them, `sync` is
/// the one or the other.
macro_rules! mirror_tests {
    ($($body:item)*) => {
        mod of_std {
            #[allow(unused_imports, reason = "not every body needs it")]
            use std::sync;
            $($body)*
        }

        mod of_the_mirror {
            #[allow(unused_imports, reason = "not every body needs it")]
            use hbtrace_recorder::sync;
            $($body)*
        }
    };
}

mod barrier;
mod bounded;
mod channel;
mod condvar;
mod killed;
mod mutex;
mod once;
mod once_lock;
mod order;
mod recorded;
mod rwlock;
