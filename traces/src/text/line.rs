//! Takes a line apart: fields, name of the operation, operands. No meaning yet.

use super::fault::Fault;

/// Lines longer than this are refused.
pub(super) const MAX_LINE: usize = 1 << 16;

/// The fields of a line, borrowed from it, blanks at their ends cut off.
#[derive(Debug, PartialEq)]
pub(super) struct Line<'a> {
    pub(super) thread: Field<'a>,
    /// The operation's name.
    pub(super) name: Field<'a>,
    /// What stands between the parentheses, if there are any.
    pub(super) operands: Option<Field<'a>>,
    /// Empty if it is missing.
    pub(super) site: Field<'a>,
    pub(super) time: Option<u64>,
}

/// A piece of a line and the offset at which it begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Field<'a> {
    pub(super) text: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Field<'a> {
    /// `text` without blanks at its ends.
    pub(super) fn trimmed(text: &'a [u8], at: usize) -> Field<'a> {
        let skip = text.iter().take_while(|byte| is_blank(**byte)).count();
        let text = &text[skip..];
        let tail = text.iter().rev().take_while(|byte| is_blank(**byte));
        let text = &text[..text.len() - tail.count()];
        Field {
            text,
            at: at + skip,
        }
    }

    /// The text before the first `separator` and what follows it.
    fn split(self, separator: u8) -> (Field<'a>, Option<Field<'a>>) {
        match self.text.iter().position(|byte| *byte == separator) {
            Some(at) => {
                let rest = Field {
                    text: &self.text[at + 1..],
                    at: self.at + at + 1,
                };
                (Field::trimmed(&self.text[..at], self.at), Some(rest))
            }
            None => (Field::trimmed(self.text, self.at), None),
        }
    }

    /// What is shown of it in a message.
    pub(super) fn shown(self) -> String {
        let text = String::from_utf8_lossy(self.text);
        match text.char_indices().nth(60) {
            Some((end, _)) => format!("{}...", &text[..end]),
            None => text.into_owned(),
        }
    }
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | 0x0b | 0x0c)
}

/// Whether the line says nothing: empty, or a comment.
pub(super) fn is_skipped(line: &[u8]) -> bool {
    line.iter()
        .find(|byte| !is_blank(**byte))
        .is_none_or(|byte| *byte == b'#')
}

/// Takes `line` (without its end) apart.
pub(super) fn split(line: &[u8]) -> Result<Line<'_>, Fault> {
    if line.len() > MAX_LINE {
        let message = format!(
            "found a line of {} bytes, expected at most {MAX_LINE}",
            line.len()
        );
        return Err(Fault::malformed(0, message));
    }
    let (thread, rest) = Field { text: line, at: 0 }.split(b'|');
    let Some(rest) = rest else {
        let message = format!(
            "found `{}`, expected `thread|op(operands)|site`",
            thread.shown()
        );
        return Err(Fault::malformed(thread.at, message));
    };
    let (op, rest) = rest.split(b'|');
    let nothing = Field {
        text: &[],
        at: line.len(),
    };
    let (site, time) = rest.map_or((nothing, None), |rest| rest.split(b'|'));
    let (name, operands) = split_op(op)?;
    let time = time.map_or(Ok(None), split_time)?;
    Ok(Line {
        thread,
        name,
        operands,
        site,
        time,
    })
}

/// `name(operands)`, or `name` alone.
fn split_op(op: Field<'_>) -> Result<(Field<'_>, Option<Field<'_>>), Fault> {
    let (name, inner) = op.split(b'(');
    let Some(inner) = inner else {
        return Ok((name, None));
    };
    match inner.text.split_last() {
        Some((b')', text)) => Ok((name, Some(Field { text, at: inner.at }))),
        _ => {
            let message = format!("found `{}`, expected `)` at its end", op.shown());
            Err(Fault::malformed(op.at + op.text.len(), message))
        }
    }
}

fn split_time(field: Field<'_>) -> Result<Option<u64>, Fault> {
    let field = Field::trimmed(field.text, field.at);
    if field.text.is_empty() {
        return Ok(None);
    }
    match number(field.text) {
        Some(time) if time < 1 << 63 => Ok(Some(time)),
        _ => {
            let found = field.shown();
            let message =
                format!("found `{found}` as the fourth field, expected a time in nanoseconds");
            Err(Fault::malformed(field.at, message))
        }
    }
}

/// A decimal number that fits.
pub(super) fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |sum, byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        sum.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// Up to three operands, separated by commas.
pub(super) fn operands(field: Field<'_>) -> Result<([Field<'_>; 3], usize), Fault> {
    let nothing = Field {
        text: &[],
        at: field.at,
    };
    let mut found = [nothing; 3];
    let mut count = 0;
    let mut rest = Some(field);
    while let Some(field) = rest {
        let (first, tail) = field.split(b',');
        if count == found.len() {
            let message = format!(
                "found a fourth operand `{}`, expected at most three",
                first.shown()
            );
            return Err(Fault::malformed(first.at, message));
        }
        if first.text.is_empty() && !(count == 0 && tail.is_none()) {
            return Err(Fault::malformed(
                first.at,
                "found an empty operand, expected a name",
            ));
        }
        found[count] = first;
        count += usize::from(!first.text.is_empty());
        rest = tail;
    }
    Ok((found, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(line: &[u8]) -> Option<(Vec<&[u8]>, Option<u64>)> {
        let line = split(line).ok()?;
        let operands = line.operands.map_or(&b"-"[..], |field| field.text);
        let fields = vec![line.thread.text, line.name.text, operands, line.site.text];
        Some((fields, line.time))
    }

    #[test]
    fn a_line_has_two_to_four_fields() {
        let all: Vec<&[u8]> = vec![b"T", b"r", b"x", b"a.rs:1"];
        assert_eq!(
            fields(b" T |\tr(x) | a.rs:1 | 7\r"),
            Some((all.clone(), Some(7)))
        );
        assert_eq!(fields(b"T|r(x)|a.rs:1"), Some((all, None)));
        let least: Vec<&[u8]> = vec![b"T", b"park", b"-", b""];
        assert_eq!(fields(b"T|park"), Some((least.clone(), None)));
        assert_eq!(fields(b"T|park||"), Some((least, None)));
        assert_eq!(fields(b"T"), None);
        assert_eq!(fields(b"T|r(x)|s|7|8"), None);
    }

    #[test]
    fn operands_are_separated_by_commas() {
        let count = |text| operands(Field { text, at: 0 }).map(|(_, count)| count);
        assert_eq!(count(b""), Ok(0));
        assert_eq!(count(b" a , b,c "), Ok(3));
        for wrong in [&b","[..], b"a,", b",a", b"a,b,c,d"] {
            assert!(count(wrong).is_err());
        }
    }

    #[test]
    fn numbers_fit_or_are_none() {
        assert_eq!(number(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(number(b"18446744073709551616"), None);
        assert_eq!(
            (number(b""), number(b"-1"), number(b"1 ")),
            (None, None, None)
        );
    }

    #[test]
    fn empty_lines_and_comments_say_nothing() {
        assert!(is_skipped(b"") && is_skipped(b" \r") && is_skipped(b"  # T|r(x)"));
        assert!(!is_skipped(b"T|r(x)|#"));
    }
}
