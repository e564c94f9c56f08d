//! LTTng-UST: a tracepoint for each event, by Debian's packages
//! `liblttng-ust-dev` and `lttng-tools`.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{Peer, done};
use crate::variant::Variant;

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers");

/// LTTng's session daemon and a session in it, ended when this is dropped.
pub struct Daemon {
    daemon: Child,
    session: String,
}

impl Daemon {
    /// Starts the daemon and a session that records into `folder`.
    ///
    /// # Errors
    /// What failed, in words.
    pub fn start(folder: &Path) -> Result<Daemon, String> {
        let daemon = Command::new("lttng-sessiond")
            .arg("--no-kernel")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("lttng-sessiond: {error}"))?;
        let session = format!("hbtrace-bench-{}", std::process::id());
        let daemon = Daemon { daemon, session };
        let output = folder.join("lttng");
        let mut last = Ok(());
        // It takes a moment until it answers.
        for _ in 0..50 {
            last = daemon.lttng(&["create", &daemon.session, "--output"], Some(&output));
            if last.is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        last?;
        daemon.lttng(
            &["enable-event", "--userspace", "hbtrace_bench:access"],
            None,
        )?;
        daemon.lttng(&["start"], None)?;
        Ok(daemon)
    }

    fn lttng(&self, arguments: &[&str], path: Option<&Path>) -> Result<(), String> {
        let mut command = Command::new("lttng");
        command.arg("--no-sessiond").args(arguments);
        command.args(path);
        done(&mut command)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.lttng(&["destroy", &self.session], None);
        // Asked to end by its id; it ends its own children.
        let _ = done(Command::new("kill").arg(self.daemon.id().to_string()));
        let _ = self.daemon.wait();
    }
}

pub(super) fn all(folder: &Path, daemon: Option<&Daemon>) -> Vec<Peer> {
    let program = build(folder);
    let off = program.clone().map(|program| {
        let mut variant = Variant::other("lttng-off", program);
        // It does not wait for a daemon.
        variant
            .variables
            .push(("LTTNG_UST_REGISTER_TIMEOUT", "0".into()));
        variant
            .variables
            .push(("HBTRACE_BENCH_EVENT", "other".into()));
        variant
    });
    let on = program.and_then(|program| match daemon {
        Some(_) => Ok(Variant::other("lttng", program)),
        None => Err("the session daemon does not start".into()),
    });
    vec![
        Peer {
            title: "LTTng-UST, disabled",
            variant: off,
        },
        Peer {
            title: "LTTng-UST",
            variant: on,
        },
    ]
}

fn build(folder: &Path) -> Result<PathBuf, String> {
    let program = folder.join("lttng-events");
    let mut gcc = Command::new("gcc");
    gcc.args(["-O2", "-I", SOURCES])
        .arg(format!("{SOURCES}/lttng.c"))
        .args(["-llttng-ust", "-ldl", "-o"])
        .arg(&program);
    done(&mut gcc).map(|()| program)
}
