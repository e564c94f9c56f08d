//! Random traces of locks, and a slow and obvious oracle of their deadlocks.

pub mod generate;
pub mod oracle;
