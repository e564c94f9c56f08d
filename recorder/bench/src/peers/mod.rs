//! Other recorders, measured in the same run.
//!
//! Crates come with the feature `peers`; what is a program or a package of the
//! system (compilers with ThreadSanitizer, LTTng) is looked for at run time,
//! and a table says what was not found. Adding one: a flavour (a file here, a
//! row in [`flavour`](crate::flavour)) or a program that speaks the protocol of
//! [`child`](crate::child), and a row in [`tracers`] or
//! [`checkers`].

#[cfg(feature = "peers")]
pub(crate) mod fastrace;
mod lttng;
#[cfg(feature = "peers")]
pub(crate) mod puffin;
#[cfg(feature = "peers")]
pub(crate) mod tracing;
mod tsan;

use std::path::Path;

pub use lttng::Daemon;

use crate::variant::Variant;

/// A peer that can be measured, or why it can't.
pub struct Peer {
    /// How it is called in tables.
    pub title: &'static str,
    /// How it is started.
    pub variant: Result<Variant, String>,
}

/// Tools that see what a program does with its memory and locks: measured over
/// the same rows as we are.
#[must_use]
pub fn checkers(folder: &Path) -> Vec<Peer> {
    tsan::all(folder)
}

/// Recorders that are told events one by one, as our `write` is. The daemon
/// is that of LTTng, if it runs.
#[must_use]
pub fn tracers(folder: &Path, daemon: Option<&Daemon>) -> Vec<Peer> {
    let mut peers = Vec::new();
    for (title, flavour) in [
        ("tracing, disabled", "tracing-off"),
        ("tracing with tracing-chrome", "tracing-chrome"),
        ("fastrace", "fastrace"),
        ("puffin", "puffin"),
    ] {
        let variant = match cfg!(feature = "peers") {
            true => Ok(Variant::plain(flavour, flavour)),
            false => Err("needs `--features peers`".to_owned()),
        };
        peers.push(Peer { title, variant });
    }
    peers.extend(lttng::all(folder, daemon));
    peers
}

/// Runs a command to its end; what it said if it failed.
fn done(command: &mut std::process::Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.output() {
        Err(error) => Err(format!("{name}: {error}")),
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().find(|line| line.contains("rror"));
            Err(format!("{name}: {}", last.unwrap_or("failed").trim()))
        }
    }
}
