//! The house walked end to end.
