//! The processor a thread runs on, and what a thread has used of it.
#![allow(unsafe_code)] // Three system calls.

use std::time::Duration;

/// Binds the calling thread to one processor, counted modulo those that this
/// process may use. Does nothing where that is not allowed.
pub fn pin(number: usize) {
    let allowed = allowed();
    let Some(processor) = allowed.get(number % allowed.len().max(1)) else {
        return;
    };
    // SAFETY: a set of plain words, for which all zeros is a value.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the number comes from a set of the same size.
    unsafe { libc::CPU_SET(*processor, &mut set) };
    // SAFETY: the set is there and as large as is said. Failing is no harm.
    unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set) };
}

/// The processors of the process's first thread at its start.
fn allowed() -> &'static [usize] {
    static ALLOWED: std::sync::OnceLock<Vec<usize>> = std::sync::OnceLock::new();
    ALLOWED.get_or_init(|| {
        // SAFETY: a set of plain words, for which all zeros is a value.
        let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
        // SAFETY: the set is there and as large as is said.
        unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut set) };
        // SAFETY: numbers below the set's size.
        let is_in = |number: &usize| unsafe { libc::CPU_ISSET(*number, &set) };
        (0..libc::CPU_SETSIZE as usize).filter(is_in).collect()
    })
}

/// What was used so far.
#[derive(Clone, Copy, Default, Debug)]
pub struct Usage {
    /// CPU time in the program itself.
    pub user: Duration,
    /// CPU time in the kernel.
    pub system: Duration,
    /// Page faults, with and without reading from a disk.
    pub faults: u64,
}

impl Usage {
    /// What the calling thread has used.
    #[must_use]
    pub fn of_thread() -> Usage {
        Usage::of(libc::RUSAGE_THREAD)
    }

    /// What all threads of the process have used.
    #[must_use]
    pub fn of_process() -> Usage {
        Usage::of(libc::RUSAGE_SELF)
    }

    /// What the processes have used that this one started and waited for.
    #[must_use]
    pub fn of_children() -> Usage {
        Usage::of(libc::RUSAGE_CHILDREN)
    }

    fn of(whom: libc::c_int) -> Usage {
        // SAFETY: a struct of plain numbers, for which all zeros is a value.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: the struct is there; a call that fails leaves the zeros.
        unsafe { libc::getrusage(whom, &raw mut usage) };
        let time = |time: libc::timeval| {
            Duration::from_secs(time.tv_sec.max(0) as u64)
                + Duration::from_micros(time.tv_usec.max(0) as u64)
        };
        Usage {
            user: time(usage.ru_utime),
            system: time(usage.ru_stime),
            faults: (usage.ru_minflt + usage.ru_majflt).max(0) as u64,
        }
    }

    /// User and system time together.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        self.user + self.system
    }

    /// What came since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Usage) -> Usage {
        Usage {
            user: self.user.saturating_sub(earlier.user),
            system: self.system.saturating_sub(earlier.system),
            faults: self.faults.saturating_sub(earlier.faults),
        }
    }
}
