//! The house walked end to end.

pub mod acks;
pub mod compiled;
pub mod deadlock;
pub mod flight;
pub mod generate;
pub mod lawful;
pub mod oracle;
