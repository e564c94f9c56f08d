//! Environment variables by which a parent tells a child what it is.

/// Makes a program of this crate a child of a flavour.
pub const FLAVOUR: &str = "HBTRACE_BENCH_FLAVOUR";
/// Where a child puts files.
pub const FOLDER: &str = "HBTRACE_BENCH_FOLDER";
/// Bytes that a recording child's file may have.
pub const LIMIT: &str = "HBTRACE_BENCH_LIMIT";
