//! How a recording is to be: what the environment says, and what a
//! [`Builder`](crate::Builder) changes.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use hbtrace_traces::format::settings::{self, Setting};
pub(crate) use hbtrace_traces::format::settings::{
    CRASHES, FLIGHT, FULL, PANIC, QUIET, ROTATE, SIGNAL, SNAPSHOTS, TIME,
};

use crate::triggers::{self, Triggers};

/// Recordings of crashed processes that stay, if it is not said.
const CRASHES_KEPT: u32 = 4;

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
    /// Recordings of crashed processes that stay at the path.
    pub(crate) crashes: u32,
    /// Whether nothing is said on stderr.
    pub(crate) quiet: bool,
    /// What could not be understood, in the order in which it was said.
    wrong: Vec<Wrong>,
}

/// A setting that could not be understood.
#[derive(Clone, Debug)]
pub(crate) struct Wrong {
    setting: &'static Setting,
    value: OsString,
    expected: &'static str,
    /// A [`Builder`](crate::Builder) was told so, not the environment.
    built: bool,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, expected) = (&self.value, self.expected);
        match self.built {
            true => {
                let (method, value) = (self.setting.method, value.display());
                write!(
                    f,
                    "Builder::{method} was given {value}, expected {expected}"
                )
            }
            false => {
                let variable = self.setting.variable;
                write!(f, "{variable} is {value:?}, expected {expected}")
            }
        }
    }
}

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
            crashes: CRASHES_KEPT,
            quiet: false,
            wrong: Vec::new(),
        };
        for setting in settings::SETTINGS {
            let value = std::env::var_os(setting.variable).filter(|value| !value.is_empty());
            if let Some(value) = value {
                settings.hear(setting, &value);
            }
        }
        if settings.triggers.rotate.is_some() && settings.flight.is_none() {
            let value = std::env::var_os(ROTATE.variable).unwrap_or_default();
            settings.misunderstood(&ROTATE, value, settings::ROTATE_NEEDS);
        }
        settings
    }

    /// A variable of the environment.
    fn hear(&mut self, setting: &'static Setting, value: &OsStr) {
        let Some(text) = value.to_str().filter(|text| setting.takes(text)) else {
            return self.misunderstood(setting, value.to_owned(), setting.expected);
        };
        let count = text.parse().unwrap_or_default();
        match setting.variable {
            it if it == TIME.variable => self.time_all = text == "all",
            it if it == FULL.variable => self.wait = text == "wait",
            it if it == FLIGHT.variable => self.flight = settings::size(text),
            it if it == SIGNAL.variable => self.snapshot_signal(text, false),
            it if it == PANIC.variable => self.triggers.panic = text == "1",
            it if it == SNAPSHOTS.variable => self.triggers.most = count,
            it if it == ROTATE.variable => self.triggers.rotate = Some(count),
            it if it == CRASHES.variable => self.crashes = count,
            it if it == QUIET.variable => self.quiet = text == "1",
            _ => {}
        }
    }

    /// What is wrong with these settings, if anything is.
    pub(crate) fn wrong(&self) -> Option<&Wrong> {
        self.wrong.first()
    }

    /// A builder says what the variable was to say, so that is not looked at.
    pub(crate) fn overrule(&mut self, setting: &Setting) {
        self.wrong.retain(|wrong| wrong.setting != setting);
    }

    fn misunderstood(
        &mut self,
        setting: &'static Setting,
        value: OsString,
        expected: &'static str,
    ) {
        self.wrong.push(Wrong {
            setting,
            value,
            expected,
            built: false,
        });
    }

    /// Takes snapshots at the signal of this name or number.
    pub(crate) fn snapshot_signal(&mut self, name: &str, built: bool) {
        self.triggers.signal = triggers::signal(name);
        if self.triggers.signal.is_none() {
            self.wrong.push(Wrong {
                setting: &SIGNAL,
                value: name.into(),
                expected: SIGNAL.expected,
                built,
            });
        }
    }
}
