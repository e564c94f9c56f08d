//! How a recording is asked for: the variables of a program's environment, and
//! what they may say.
//!
//! The recorder reads them where the program runs; `hbtrace record` looks at
//! them before it starts the program, so that a slip is told at once and not
//! by a service that goes on unrecorded. Both ask this list. To add a setting,
//! add a constant and its row to [`SETTINGS`]; the recorder has one method for
//! each.

/// A variable of the environment, and the method of the recorder's `Builder`
/// that says the same.
#[derive(Debug, PartialEq, Eq)]
pub struct Setting {
    /// The variable. Set but empty, it counts as not set.
    pub variable: &'static str,
    /// The method.
    pub method: &'static str,
    /// What it may say, in words.
    pub expected: &'static str,
    kind: Kind,
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Size,
    Signal,
    Count,
    CountFromOne,
    OneOf([&'static str; 2]),
}

impl Setting {
    /// Whether a recorder understands this value.
    #[must_use]
    pub fn takes(&self, value: &str) -> bool {
        let count = || value.parse::<u32>().ok();
        match &self.kind {
            Kind::Size => size(value).is_some(),
            Kind::Signal => signal(value).is_some(),
            Kind::Count => count().is_some(),
            Kind::CountFromOne => count().is_some_and(|count| count > 0),
            Kind::OneOf(words) => words.contains(&value),
        }
    }
}

/// The size of a flight recording's pool.
pub const FLIGHT: Setting = Setting {
    variable: "HBTRACE_FLIGHT",
    method: "flight",
    expected: "a size such as 512K, 64M or 1G",
    kind: Kind::Size,
};
/// What is done where the disk is full.
pub const FULL: Setting = Setting {
    variable: "HBTRACE_FULL",
    method: "wait_for_room",
    expected: "drop or wait",
    kind: Kind::OneOf(["drop", "wait"]),
};
/// The signal that takes a snapshot.
pub const SIGNAL: Setting = Setting {
    variable: "HBTRACE_SNAPSHOT_SIGNAL",
    method: "snapshot_signal",
    expected: "one of HUP, QUIT, USR1, USR2, WINCH, IO, URG, PWR, XCPU, or the number of a \
               real-time signal",
    kind: Kind::Signal,
};
/// Whether a panic takes a snapshot.
pub const PANIC: Setting = Setting {
    variable: "HBTRACE_SNAPSHOT_PANIC",
    method: "snapshot_on_panic",
    expected: "1 or 0",
    kind: Kind::OneOf(["0", "1"]),
};
/// Snapshots that are taken, and that stay.
pub const SNAPSHOTS: Setting = Setting {
    variable: "HBTRACE_SNAPSHOTS",
    method: "snapshots",
    expected: "how many snapshots to take at most, as 16",
    kind: Kind::Count,
};
/// Files of a rotation that stay.
pub const ROTATE: Setting = Setting {
    variable: "HBTRACE_ROTATE",
    method: "rotate",
    expected: "how many files to keep, as 8",
    kind: Kind::CountFromOne,
};
/// Recordings of crashed processes that stay.
pub const CRASHES: Setting = Setting {
    variable: "HBTRACE_CRASHES",
    method: "crashes",
    expected: "how many recordings of crashed processes to keep, as 4",
    kind: Kind::Count,
};
/// Which events get a time.
pub const TIME: Setting = Setting {
    variable: "HBTRACE_TIME",
    method: "time_all",
    expected: "all or waits",
    kind: Kind::OneOf(["all", "waits"]),
};
/// Whether the recorder says nothing on stderr.
pub const QUIET: Setting = Setting {
    variable: "HBTRACE_QUIET",
    method: "quiet",
    expected: "1 or 0",
    kind: Kind::OneOf(["0", "1"]),
};

/// All of them, but for `HBTRACE_OUT`, which is a path.
pub const SETTINGS: [&Setting; 9] = [
    &TIME, &FULL, &FLIGHT, &SIGNAL, &PANIC, &SNAPSHOTS, &ROTATE, &CRASHES, &QUIET,
];

/// A rotation copies the pool of a flight recording: what it lacks otherwise.
pub const ROTATE_NEEDS: &str = "HBTRACE_FLIGHT beside it, which says how large a file is";

/// Bytes, as `65536`, `512K`, `64M`, `64MiB` or `1G` tell them, or in powers of
/// a thousand as `64MB` does.
#[must_use]
pub fn size(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|last: char| !last.is_ascii_digit());
    let unit = match text.get(digits.len()..)? {
        "" => 1,
        "K" | "k" | "KiB" => 1 << 10,
        "M" | "m" | "MiB" => 1 << 20,
        "G" | "g" | "GiB" => 1 << 30,
        "KB" | "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return None,
    };
    let number: u64 = digits.parse().ok()?;
    (number > 0).then(|| number.checked_mul(unit))?
}

/// Signals that may take a snapshot, with the numbers that Linux gives them
/// on every machine that the recorder runs on.
const SIGNALS: [(&str, i32); 9] = [
    ("HUP", 1),
    ("QUIT", 3),
    ("USR1", 10),
    ("USR2", 12),
    ("WINCH", 28),
    ("IO", 29),
    ("URG", 23),
    ("PWR", 30),
    ("XCPU", 24),
];
/// Real-time signals that no C library keeps to itself.
const REAL_TIME: std::ops::RangeInclusive<i32> = 35..=64;

/// The number of the signal of this name: `USR2`, `SIGUSR2` or a number. Only
/// signals that may be handled and that mean nothing else.
#[must_use]
pub fn signal(name: &str) -> Option<i32> {
    let short = name.strip_prefix("SIG").unwrap_or(name);
    let number: Option<i32> = short.parse().ok();
    let known = SIGNALS
        .iter()
        .find(|(name, signal)| *name == short || number == Some(*signal));
    let real_time = number.filter(|number| REAL_TIME.contains(number));
    known.map(|(_, signal)| *signal).or(real_time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_numbers_with_a_unit() {
        for (text, bytes) in [
            ("65536", 65_536),
            ("512K", 512 << 10),
            ("64M", 64 << 20),
            ("64MiB", 64 << 20),
            ("64MB", 64_000_000),
            ("1g", 1 << 30),
        ] {
            assert_eq!(size(text), Some(bytes), "{text}");
        }
        for wrong in [
            "",
            "M",
            "0",
            "-1M",
            "64Mb",
            "64 M",
            "1.5G",
            "99999999999G",
            "+",
            "6é",
        ] {
            assert_eq!(size(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn signals_have_names_and_numbers() {
        for name in ["USR2", "SIGUSR2", "12"] {
            assert_eq!(signal(name), Some(12), "{name}");
        }
        for name in ["", "KILL", "9", "SEGV", "usr2", "-1", "0", "99"] {
            assert_eq!(signal(name), None, "{name}");
        }
    }

    #[test]
    fn each_setting_takes_what_it_says_that_it_takes() {
        for setting in SETTINGS {
            let mut words = setting.expected.split([' ', ',']);
            assert!(words.any(|word| setting.takes(word)), "{setting:?}");
            assert!(!setting.takes("lots"), "{setting:?}");
        }
        assert!(!ROTATE.takes("0") && CRASHES.takes("0") && SNAPSHOTS.takes("0"));
    }
}
