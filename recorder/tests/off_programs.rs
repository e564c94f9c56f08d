//! The patterns of `tests/programs`, which are recorded elsewhere, compiled
//! against what the crate is without the feature: the same source means the
//! same with std's own types.
#![cfg(not(feature = "record"))]

// `main` and what it prints belong to the program.
#[allow(dead_code)]
#[path = "../../tests/programs/main.rs"]
mod patterns;

#[test]
fn every_program_runs_unrecorded() {
    for (_, name, body) in patterns::PROGRAMS {
        println!("{name}");
        body();
    }
}
