//! The program `hbtrace` as a library that tests call in process.
