//! Takes the text of a site apart: `path:line:column`, as far as it is that.

use crate::trace::Site;

/// The site of a text; numbers at its end are line and column.
pub(crate) fn resolve(text: String) -> Site {
    let (rest, last) = cut_number(&text);
    let (path, before) = if last.is_some() {
        cut_number(rest)
    } else {
        (rest, None)
    };
    let (line, column) = if before.is_some() {
        (before, last)
    } else {
        (last, None)
    };
    let file = (line.is_some() && !path.is_empty()).then(|| path.to_owned());
    Site {
        text,
        line: file.as_ref().and(line),
        column: file.as_ref().and(column),
        file,
        frames: Vec::new(),
    }
}

/// `rest:NUMBER`
fn cut_number(text: &str) -> (&str, Option<u32>) {
    let Some((rest, digits)) = text.rsplit_once(':') else {
        return (text, None);
    };
    let number = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| digits.parse().ok());
    match number.flatten() {
        Some(number) => (rest, Some(number)),
        None => (text, None),
    }
}
