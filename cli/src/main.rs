//! The program `hbtrace`.

fn main() {}
