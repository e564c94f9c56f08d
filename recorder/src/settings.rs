//! How a recording is to be: what the environment says, and what a
//! [`Builder`](crate::Builder) changes.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::snapshot::{self, Triggers};

/// A recording to be.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) path: PathBuf,
    pub(crate) time_all: bool,
    /// Largest size of the file.
    pub(crate) limit: u64,
    /// Bytes of the flight recording's pool; `None` for a stream.
    pub(crate) flight: Option<u64>,
    /// Whether to wait for room.
    pub(crate) wait: bool,
    /// What takes snapshots by itself.
    pub(crate) triggers: Triggers,
    /// The first variable that could not be understood.
    pub(crate) wrong: Option<Wrong>,
}

/// A variable of the environment that could not be understood.
#[derive(Clone, Debug)]
pub(crate) struct Wrong {
    pub(crate) variable: &'static str,
    pub(crate) value: OsString,
    pub(crate) expected: &'static str,
}

const FLIGHT: &str = "HBTRACE_FLIGHT";
const FULL: &str = "HBTRACE_FULL";
const SIGNAL: &str = "HBTRACE_SNAPSHOT_SIGNAL";
const PANIC: &str = "HBTRACE_SNAPSHOT_PANIC";
const MOST: &str = "HBTRACE_SNAPSHOTS";
const ROTATE: &str = "HBTRACE_ROTATE";

impl Settings {
    /// What the environment says about a recording into `path`.
    pub(crate) fn of(path: &Path) -> Settings {
        let mut settings = Settings {
            path: path.to_path_buf(),
            time_all: std::env::var_os("HBTRACE_TIME").is_some_and(|time| time == "all"),
            limit: u64::MAX,
            flight: None,
            wait: false,
            triggers: Triggers::NONE,
            wrong: None,
        };
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        if let Some(value) = set(FULL) {
            settings.full(&value);
        }
        if let Some(value) = set(FLIGHT) {
            settings.flight(&value);
        }
        if let Some(value) = set(SIGNAL) {
            settings.snapshot_signal(&value.to_string_lossy());
        }
        settings.triggers.panic = set(PANIC).is_some_and(|value| value != "0");
        if let Some(value) = set(MOST) {
            settings.snapshots(&value);
        }
        if let Some(value) = set(ROTATE) {
            settings.rotate(&value);
        }
        settings
    }

    fn flight(&mut self, value: &OsStr) {
        self.flight = value.to_str().and_then(size);
        if self.flight.is_none() {
            self.wrong = Some(Wrong {
                variable: FLIGHT,
                value: value.to_owned(),
                expected: "a size such as 64M or 1G",
            });
        }
    }

    /// Takes snapshots at the signal of this name or number.
    pub(crate) fn snapshot_signal(&mut self, name: &str) {
        self.triggers.signal = snapshot::signal(name);
        if self.triggers.signal.is_none() {
            self.wrong = Some(Wrong {
                variable: SIGNAL,
                value: name.into(),
                expected: "a signal that means nothing else, such as USR2",
            });
        }
    }

    fn snapshots(&mut self, value: &OsStr) {
        match value.to_str().and_then(|value| value.parse().ok()) {
            Some(most) => self.triggers.most = most,
            None => {
                self.wrong = Some(Wrong {
                    variable: MOST,
                    value: value.to_owned(),
                    expected: "how many snapshots to take at most",
                });
            }
        }
    }

    fn rotate(&mut self, value: &OsStr) {
        let keep = value.to_str().and_then(|value| value.parse().ok());
        self.triggers.rotate = keep.filter(|keep| *keep > 0 && self.flight.is_some());
        if self.triggers.rotate.is_none() {
            self.wrong = Some(Wrong {
                variable: ROTATE,
                value: value.to_owned(),
                expected: "how many files to keep, and HBTRACE_FLIGHT beside it",
            });
        }
    }

    fn full(&mut self, value: &OsStr) {
        match value.to_str() {
            Some("wait") => self.wait = true,
            Some("drop") => self.wait = false,
            _ => {
                self.wrong = Some(Wrong {
                    variable: FULL,
                    value: value.to_owned(),
                    expected: "drop or wait",
                });
            }
        }
    }
}

/// Bytes, as `65536`, `512K`, `64M` or `1G` tell them.
fn size(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|last: char| !last.is_ascii_digit());
    let shift = match text.get(digits.len()..)? {
        "" => 0,
        "K" | "k" => 10,
        "M" | "m" => 20,
        "G" | "g" => 30,
        _ => return None,
    };
    let number: u64 = digits.parse().ok()?;
    (number > 0).then(|| number.checked_mul(1 << shift))?
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_numbers_with_a_letter() {
        assert_eq!(size("65536"), Some(65_536));
        assert_eq!(size("512K"), Some(512 << 10));
        assert_eq!(size("64M"), Some(64 << 20));
        assert_eq!(size("1g"), Some(1 << 30));
        for wrong in [
            "",
            "M",
            "0",
            "-1M",
            "64MB",
            "1.5G",
            "99999999999G",
            "+",
            "6é",
        ] {
            assert_eq!(size(wrong), None, "{wrong}");
        }
    }
}
