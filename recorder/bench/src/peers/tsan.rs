//! ThreadSanitizer: small loops in C by gcc, and the native flavour of this
//! crate by the nightly Rust compiler.
//!
//! The C program is built twice, with and without it, so that its cost stands
//! beside the same loops. Rust's has a standard library that is not
//! instrumented where the compiler has no sources of it, so what std does in
//! code that is not generic costs nothing extra there.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Peer, done};
use crate::variant::Variant;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/operations.c");

pub(super) fn all(folder: &Path) -> Vec<Peer> {
    let c = |name: &'static str, options: &[&str]| {
        build_c(name, options, folder).map(|program| Variant::other(name, program))
    };
    vec![
        Peer {
            title: "plain C",
            variant: c("c", &[]),
        },
        Peer {
            title: "ThreadSanitizer (gcc)",
            variant: c("tsan-c", &["-fsanitize=thread"]).map(quiet),
        },
        Peer {
            title: "ThreadSanitizer (Rust nightly)",
            variant: build_rust().map(|program| {
                let mut variant = quiet(Variant::other("tsan-rust", program));
                variant
                    .variables
                    .push((crate::variables::FLAVOUR, "native".into()));
                variant
            }),
        },
    ]
}

/// It does not stop at what it takes for races, nor tells them: in a standard
/// library that is not instrumented it sees no locks. Its older runtimes can't
/// do with randomised addresses.
fn quiet(variant: Variant) -> Variant {
    let mut variant = variant.without_aslr();
    let options = "report_bugs=0 exitcode=0";
    variant.variables.push(("TSAN_OPTIONS", options.into()));
    variant
}

fn build_c(name: &str, options: &[&str], folder: &Path) -> Result<PathBuf, String> {
    let program = folder.join(name);
    let mut gcc = Command::new("gcc");
    gcc.args(["-O2", "-pthread"]).args(options);
    gcc.arg(SOURCE).arg("-o").arg(&program);
    done(&mut gcc).map(|()| program)
}

/// Builds this crate's bench once more, as any program would be.
fn build_rust() -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let target = own.ancestors().nth(3).unwrap_or(Path::new("target"));
    let target = target.join("bench-tsan");
    let mut cargo = Command::new("rustup");
    cargo
        .args(["run", "nightly", "cargo", "build", "--release", "--quiet"])
        .args(["--package", "hbtrace-bench", "--bench", "operations"])
        .args([
            "--target",
            "x86_64-unknown-linux-gnu",
            "--message-format=json",
        ])
        .arg("--target-dir")
        .arg(&target)
        .env(
            "RUSTFLAGS",
            "-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer",
        )
        .env_remove("RUSTC")
        .env_remove("RUSTDOC")
        .env_remove("CARGO")
        .env_remove("RUSTUP_TOOLCHAIN")
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = cargo.output().map_err(|error| format!("rustup: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    // Of the last artifact that is a program.
    let path = text.lines().rev().find_map(|line| {
        let rest = line.split_once("\"executable\":\"")?.1;
        Some(PathBuf::from(rest.split_once('"')?.0))
    });
    path.filter(|_| output.status.success())
        .ok_or_else(|| "the nightly compiler does not build it".into())
}
