//! Names from a trace, which nobody vouches for, as they may be shown.

/// The text with control characters as escapes, so that a name can't move the
/// cursor or break a line.
#[must_use]
pub fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn escapes_in_names_do_not_reach_the_terminal() {
        assert_eq!(shown("a\x1b[2Jb\n"), "a\\u{1b}[2Jb\\n");
        assert_eq!(shown("größe"), "größe");
    }
}
