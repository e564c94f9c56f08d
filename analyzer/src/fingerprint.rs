//! Stable names of findings.
//!
//! **What a fingerprint promises.** It is made of what a race or deadlock is
//! about: kinds of access, source files, and the names that locations and
//! locks have of their own. It is the same in every run of the same program,
//! and survives edits elsewhere in a file. What changes from run to run or
//! with an edit does not count: line and column, addresses, thread names, the
//! numbers of elements (`shards[3]`) and of objects of one name (`hits#2`).
//!
//! **What it does not.** Findings that differ only in what does not count
//! share a name, and are told apart by a number in the order of their report
//! (`-2`, `-3`). With a new finding among them, or one mended, the numbers of
//! those behind it shift. Names given to locations and locks make that rare.
//! A finding about many names bears the least, so it is renamed by a run that
//! does not see that one.

use std::collections::BTreeMap;

/// The name of a finding that consists of `parts`, in this order: 16
/// hexadecimal digits of FNV-1a over the parts without their `:line:column`.
///
/// ```
/// use hbtrace_analyzer::fingerprint;
/// assert_eq!(fingerprint(["src/a.rs:3:7", "read"]), fingerprint(["src/a.rs:9:1", "read"]));
/// assert_ne!(fingerprint(["src/a.rs:3:7", "read"]), fingerprint(["src/a.rs:3:7", "write"]));
/// ```
#[must_use]
pub fn fingerprint<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    for part in parts {
        without_lines(part).bytes().for_each(&mut add);
        // Ends the part: 0xff occurs in no UTF-8 text.
        add(0xff);
    }
    format!("{hash:016x}")
}

/// The text without its `:line:column`.
pub(crate) fn without_lines(text: &str) -> String {
    without_numbers(text, ':', None)
}

/// What a location or lock is called by itself: its name without the numbers
/// of an element (`[3]`) or of an object of one name (`#2`), and without the
/// line of an unnamed object's creation. Nothing where it has an address only.
pub(crate) fn own_name(name: &str) -> String {
    let address = name.strip_prefix("0x").unwrap_or("");
    let is_part = |c: char| c.is_ascii_hexdigit() || c == ':';
    if !address.is_empty() && address.chars().all(is_part) {
        return String::new();
    }
    let name = without_numbers(name, '[', Some(']'));
    without_lines(&without_numbers(&name, '#', None))
}

/// The text without the numbers between `open` and `close`, and without these.
fn without_numbers(text: &str, open: char, close: Option<char>) -> String {
    let mut left = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(open) {
        left.push_str(before);
        let behind = after.trim_start_matches(|c: char| c.is_ascii_digit());
        let is_number = behind.len() < after.len();
        let closed = close.map_or(Some(behind), |close| behind.strip_prefix(close));
        rest = match closed.filter(|_| is_number) {
            Some(behind) => behind,
            None => {
                left.push(open);
                after
            }
        };
    }
    left + rest
}

/// Numbers findings that would share a name: those of one report, in their
/// order.
pub(crate) fn number<'a>(names: impl Iterator<Item = &'a mut String>) {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for name in names {
        let count = seen.entry(name.clone()).or_default();
        *count += 1;
        if *count > 1 {
            name.push_str(&format!("-{count}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{fingerprint, own_name};

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(fingerprint(["ab", "c"]), fingerprint(["a", "bc"]));
    }

    #[test]
    fn numbers_that_are_no_lines_count() {
        assert_ne!(fingerprint(["shard1"]), fingerprint(["shard2"]));
        assert_eq!(fingerprint(["a.rs:10:5#3"]), fingerprint(["a.rs:99:1#3"]));
    }

    #[test]
    fn what_changes_from_run_to_run_is_not_in_a_name() {
        assert_eq!(own_name("cache.shards[12]"), "cache.shards");
        assert_eq!(own_name("hits#2"), "hits");
        assert_eq!(own_name("src/a.rs:10:5#3"), "src/a.rs");
        assert_eq!(own_name("0x7f10:8"), "");
        assert_eq!(own_name("0xray"), "0xray");
        assert_eq!(own_name("a[i]#:x["), "a[i]#:x[");
    }
}
