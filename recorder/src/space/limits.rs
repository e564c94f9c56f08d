//! What the system lets this process have.
#![allow(unsafe_code)] // A system call.

/// A limit of the process; the largest number for none.
pub(super) fn limit_of(resource: libc::__rlimit_resource_t) -> u64 {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `limit` is ours and outlives the call.
    let failed = unsafe { libc::getrlimit(resource, &mut limit) } != 0;
    match limit.rlim_cur {
        _ if failed => u64::MAX,
        libc::RLIM_INFINITY => u64::MAX,
        limit => limit,
    }
}

/// Whether there is a limit to how much memory this process may map.
pub(super) fn has_address_limit() -> bool {
    limit_of(libc::RLIMIT_AS) != u64::MAX
}
