//! How a recording is to be: what the environment says, and what a
//! [`Builder`](crate::Builder) changes.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::triggers::{self, Triggers};

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
    /// What could not be understood, in the order in which it was said.
    wrong: Vec<Wrong>,
}

/// A setting that could not be understood: a variable of the environment, or
/// what a [`Builder`](crate::Builder) was told.
#[derive(Clone, Debug)]
pub(crate) struct Wrong {
    pub(crate) variable: &'static str,
    pub(crate) value: OsString,
    pub(crate) expected: &'static str,
}

pub(crate) const FLIGHT: &str = "HBTRACE_FLIGHT";
pub(crate) const FULL: &str = "HBTRACE_FULL";
pub(crate) const SIGNAL: &str = "HBTRACE_SNAPSHOT_SIGNAL";
pub(crate) const PANIC: &str = "HBTRACE_SNAPSHOT_PANIC";
pub(crate) const MOST: &str = "HBTRACE_SNAPSHOTS";
pub(crate) const ROTATE: &str = "HBTRACE_ROTATE";
pub(crate) const TIME: &str = "HBTRACE_TIME";

impl Settings {
    /// What the environment says about a recording into `path`.
    pub(crate) fn of(path: &Path) -> Settings {
        let mut settings = Settings {
            path: path.to_path_buf(),
            time_all: false,
            limit: u64::MAX,
            flight: None,
            wait: false,
            triggers: Triggers::NONE,
            wrong: Vec::new(),
        };
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        if let Some(value) = set(TIME) {
            settings.time(&value);
        }
        if let Some(value) = set(FULL) {
            settings.full(&value);
        }
        if let Some(value) = set(FLIGHT) {
            settings.flight(&value);
        }
        if let Some(value) = set(SIGNAL) {
            settings.snapshot_signal(&value.to_string_lossy());
        }
        if let Some(value) = set(PANIC) {
            settings.snapshot_on_panic(&value);
        }
        if let Some(value) = set(MOST) {
            settings.snapshots(&value);
        }
        if let Some(value) = set(ROTATE) {
            settings.rotate(&value);
        }
        settings
    }

    /// What is wrong with these settings, if anything is.
    pub(crate) fn wrong(&self) -> Option<&Wrong> {
        self.wrong.first()
    }

    /// A builder says what the variable was to say, so that is not looked at.
    pub(crate) fn overrule(&mut self, variable: &str) {
        self.wrong.retain(|wrong| wrong.variable != variable);
    }

    fn misunderstood(&mut self, variable: &'static str, value: &OsStr, expected: &'static str) {
        self.wrong.push(Wrong {
            variable,
            value: value.to_owned(),
            expected,
        });
    }

    fn time(&mut self, value: &OsStr) {
        match value.to_str() {
            Some("all") => self.time_all = true,
            Some("waits") => self.time_all = false,
            _ => self.misunderstood(TIME, value, "all or waits"),
        }
    }

    fn flight(&mut self, value: &OsStr) {
        self.flight = value.to_str().and_then(size);
        if self.flight.is_none() {
            self.misunderstood(FLIGHT, value, "a size such as 64M or 1G");
        }
    }

    fn snapshot_on_panic(&mut self, value: &OsStr) {
        match value.to_str() {
            Some("1") => self.triggers.panic = true,
            Some("0") => self.triggers.panic = false,
            _ => self.misunderstood(PANIC, value, "1 or 0"),
        }
    }

    /// Takes snapshots at the signal of this name or number.
    pub(crate) fn snapshot_signal(&mut self, name: &str) {
        self.triggers.signal = triggers::signal(name);
        if self.triggers.signal.is_none() {
            self.misunderstood(SIGNAL, name.as_ref(), triggers::SIGNALS);
        }
    }

    fn snapshots(&mut self, value: &OsStr) {
        match value.to_str().and_then(|value| value.parse().ok()) {
            Some(most) => self.triggers.most = most,
            None => self.misunderstood(MOST, value, "how many snapshots to take at most, as 16"),
        }
    }

    fn rotate(&mut self, value: &OsStr) {
        let keep = value.to_str().and_then(|value| value.parse().ok());
        self.triggers.rotate = keep.filter(|keep| *keep > 0);
        if self.triggers.rotate.is_none() {
            self.misunderstood(ROTATE, value, "how many files to keep, as 8");
        } else if self.flight.is_none() {
            let expected = "HBTRACE_FLIGHT beside it, which says how large a file is";
            self.misunderstood(ROTATE, value, expected);
        }
    }

    fn full(&mut self, value: &OsStr) {
        match value.to_str() {
            Some("wait") => self.wait = true,
            Some("drop") => self.wait = false,
            _ => self.misunderstood(FULL, value, "drop or wait"),
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
