//! One body of tests for `std::thread` and for its mirror; the mirror's a
//! second time while it records.
#![cfg(feature = "record")]
#![allow(clippy::unwrap_used, reason = "tests")]

/// Runs the same items against std and against the mirror: in them, `thread`
/// is the one or the other.
macro_rules! mirror_tests {
    ($($body:item)*) => {
        mod of_std {
            #[allow(unused_imports, reason = "not every body needs it")]
            use std::thread;
            $($body)*
        }

        mod of_the_mirror {
            #[allow(unused_imports, reason = "not every body needs it")]
            use hbtrace_recorder::thread;
            $($body)*
        }
    };
}

mod interrupted;
mod park;
mod recorded;
mod scope;
mod spawn;
