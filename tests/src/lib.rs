//! The house walked end to end.

pub mod deadlock;
pub mod flight;
pub mod generate;
pub mod oracle;
