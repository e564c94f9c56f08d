//! Stable names of findings.
//!
//! A fingerprint is the same in every run of the same program, and survives
//! edits elsewhere in a file: line and column numbers do not count.

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
        let mut bytes = part.bytes().peekable();
        while let Some(byte) = bytes.next() {
            if byte == b':' && bytes.peek().is_some_and(u8::is_ascii_digit) {
                while bytes.next_if(u8::is_ascii_digit).is_some() {}
            } else {
                add(byte);
            }
        }
        // Ends the part: 0xff occurs in no UTF-8 text.
        add(0xff);
    }
    format!("{hash:016x}")
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
    use super::fingerprint;

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(fingerprint(["ab", "c"]), fingerprint(["a", "bc"]));
    }

    #[test]
    fn numbers_that_are_no_lines_count() {
        assert_ne!(fingerprint(["shard1"]), fingerprint(["shard2"]));
        assert_eq!(fingerprint(["a.rs:10:5#3"]), fingerprint(["a.rs:99:1#3"]));
    }
}
