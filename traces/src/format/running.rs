//! Whether the process that recorded a trace is alive: its id alone does not say
//! so, since ids are used again, on another boot or another machine too.

use std::fs;

/// When this process began, in the kernel's clock ticks since the boot.
#[must_use]
pub fn start() -> Option<u64> {
    start_in(&fs::read_to_string("/proc/self/stat").ok()?)
}

/// The kernel's id of this boot.
#[must_use]
pub fn boot() -> Option<[u64; 2]> {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    let half = |range| u64::from_str_radix(digits.get(range)?, 16).ok();
    Some([half(0..16)?, half(16..32)?])
}

/// Whether process `pid` that began at `start` on the boot `boot` is alive.
/// `None` where that can't be known: on another boot, or for zeros.
#[must_use]
pub fn is_alive(pid: u32, start: u64, boot: [u64; 2]) -> Option<bool> {
    if start == 0 || Some(boot) != self::boot() {
        return None;
    }
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
    Some(stat.is_ok_and(|stat| start_in(&stat) == Some(start)))
}

/// The start time in a line of `/proc/PID/stat`; none for a process that has
/// ended and was not waited for. The name, in brackets, may hold anything.
fn start_in(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_alive_and_no_other_of_its_id_is() {
        let (Some(start), Some(boot)) = (start(), boot()) else {
            return;
        };
        let pid = std::process::id();
        assert_eq!(is_alive(pid, start, boot), Some(true));
        assert_eq!(is_alive(pid, start + 1, boot), Some(false));
        assert_eq!(is_alive(pid, start, [1, 2]), None);
        assert_eq!(is_alive(pid, 0, boot), None);
    }

    #[test]
    fn a_name_may_hold_anything() {
        let rest = "S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 777 0";
        assert_eq!(start_in(&format!("7 (a) b) {rest}")), Some(777));
        assert_eq!(start_in("7 (a"), None);
        assert_eq!(start_in(&format!("7 (a) Z{}", &rest[1..])), None);
    }
}
