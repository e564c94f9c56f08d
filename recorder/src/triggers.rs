//! What takes snapshots by itself, as it is chosen.

use hbtrace_traces::format::settings;

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

/// The number of the signal of this name, if it may take snapshots here.
pub(crate) fn signal(name: &str) -> Option<i32> {
    // The C library may keep more real-time signals to itself.
    let is_ours = |number: &i32| *number < 32 || *number >= libc::SIGRTMIN();
    settings::signal(name).filter(is_ours)
}

#[cfg(test)]
mod tests {
    use super::signal;

    #[test]
    fn signals_have_the_numbers_of_this_machine() {
        let names = [
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
        for (name, number) in names {
            assert_eq!(signal(name), Some(number), "{name}");
        }
        let last = libc::SIGRTMAX();
        assert_eq!(signal(&last.to_string()), Some(last));
    }
}
