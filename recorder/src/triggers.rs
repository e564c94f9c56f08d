//! What takes snapshots by itself, as it is chosen.

/// What takes snapshots by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Triggers {
    /// Number of a signal.
    pub(crate) signal: Option<i32>,
    pub(crate) panic: bool,
    /// How many are taken at most.
    pub(crate) most: u32,
    /// Files that a rotation keeps; `None`: there is none.
    pub(crate) rotate: Option<u32>,
}

impl Triggers {
    /// Nothing does.
    pub(crate) const NONE: Triggers = Triggers {
        signal: None,
        panic: false,
        most: 16,
        rotate: None,
    };
}

/// The number of the signal of this name: `USR2`, `SIGUSR2` or a number. Only
/// signals that may be handled and that mean nothing else.
pub(crate) fn signal(name: &str) -> Option<i32> {
    const NAMES: [(&str, i32); 9] = [
        ("HUP", libc::SIGHUP),
        ("QUIT", libc::SIGQUIT),
        ("USR1", libc::SIGUSR1),
        ("USR2", libc::SIGUSR2),
        ("WINCH", libc::SIGWINCH),
        ("IO", libc::SIGIO),
        ("URG", libc::SIGURG),
        ("PWR", libc::SIGPWR),
        ("XCPU", libc::SIGXCPU),
    ];
    let short = name.strip_prefix("SIG").unwrap_or(name);
    let number: Option<i32> = short.parse().ok();
    let known = NAMES
        .iter()
        .find(|(name, signal)| *name == short || number == Some(*signal));
    let real_time = number.filter(|number| (libc::SIGRTMIN()..=libc::SIGRTMAX()).contains(number));
    known.map(|(_, signal)| *signal).or(real_time)
}

/// What [`signal`] takes, in words.
pub(crate) const SIGNALS: &str =
    "one of HUP, QUIT, USR1, USR2, WINCH, IO, URG, PWR, XCPU, or the number of a real-time signal";

#[cfg(test)]
mod tests {
    use super::signal;

    #[test]
    fn signals_have_names_and_numbers() {
        for name in ["USR2", "SIGUSR2", "12"] {
            assert_eq!(signal(name), Some(libc::SIGUSR2), "{name}");
        }
        for name in ["", "KILL", "9", "SEGV", "usr2", "-1", "0", "99"] {
            assert_eq!(signal(name), None, "{name}");
        }
    }
}
