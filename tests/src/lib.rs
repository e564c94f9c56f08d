//! The house walked end to end.

pub mod deadlock;
pub mod generate;
pub mod oracle;
