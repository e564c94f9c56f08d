//! Contention and the critical path: who waited for whom, and what held the
//! run up.
//!
//! Four steps, each a file: a time for every event (`times`), what each thread
//! did at every time and which event ended each wait (`model`, over `strand`,
//! `pending`, `edges`, `notifications` and `tally`), the critical path (`path`), and the figures with
//! their names (`figures`). Nothing here knows a kind of event or object: all
//! of it asks for effects.
//!
//! **What the figures mean.** An *acquisition* is an attempt: a wait that was
//! given up, or lasts at the end of the trace, counts as well, with its full
//! length. Percentiles are over all attempts, those without a wait as zero.
//! While several locks are held, time on the critical path is charged to the
//! innermost, so the locks never add up to more than the run. A wait that no
//! event ended within it is the thread's own time; if the thread gave up (a
//! time-out), that is time outside, as a sleep would be.
//!
//! A wait lasts to the thread's *next* event on the object: for a barrier it
//! begins after the arrival, for a full channel after the `send`.
//!
//! **Limits.** Times between stamps are interpolated; the error stands with
//! the figures. A thread that nobody was seen to create is unknown before its
//! first event. Which of several notifications woke a waiter is known only
//! where the trace names the thread; otherwise the last one is taken.

mod analysis;
mod edges;
mod figures;
mod model;
mod notifications;
mod path;
mod pending;
mod strand;
mod tally;
mod times;

pub use analysis::analyze;

#[cfg(test)]
mod tests;
