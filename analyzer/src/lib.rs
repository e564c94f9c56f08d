//! A trace **being understood**.
//!
//! [`analyze`] runs every analysis over a replayed
//! [`Trace`](hbtrace_traces::trace::Trace) and gives the [`finding`]s;
//! [`report`] shows them. A report knows findings, never an analysis.

mod deadlock;
pub mod figures;
mod fingerprint;

pub mod analysis;
pub mod clock;
pub mod contention;
pub mod finding;
pub mod held;
pub mod order;
pub mod race;
pub mod report;

pub use analysis::{Options, analyze};
pub use fingerprint::fingerprint;
