//! The house walked end to end.

pub mod generate;
pub mod oracle;
