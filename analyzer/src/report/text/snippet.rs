//! Source lines beside findings.
//!
//! A site is `path:line:column` or any other text. Where it names a line of a
//! file that can be read, the line is shown with a mark under the place. Paths
//! come from the trace, so only plain files of a sensible size are opened.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Page;
use crate::report::shown;

/// Larger files are no source.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// A longer line is cut.
const MAX_LINE_CHARS: usize = 160;

/// Of a longer line, at least as much is shown behind the marked place.
const MARGIN_CHARS: usize = 40;

/// Source files read so far; `None` for those that can't be read.
pub(super) struct Sources {
    root: PathBuf,
    files: BTreeMap<String, Option<Vec<String>>>,
}

/// A place as its site names it.
#[derive(Debug, PartialEq, Eq)]
struct Place<'a> {
    path: &'a str,
    line: usize,
    column: Option<usize>,
}

impl<'a> Place<'a> {
    fn parse(site: &'a str) -> Option<Place<'a>> {
        let (rest, last) = site.rsplit_once(':')?;
        let last = last.parse().ok()?;
        match rest
            .rsplit_once(':')
            .map(|(path, line)| (path, line.parse()))
        {
            Some((path, Ok(line))) => Some(Place {
                path,
                line,
                column: Some(last),
            }),
            _ => Some(Place {
                path: rest,
                line: last,
                column: None,
            }),
        }
    }
}

impl Sources {
    pub(super) fn new(root: &Path) -> Sources {
        Sources {
            root: root.to_owned(),
            files: BTreeMap::new(),
        }
    }

    fn line(&mut self, place: &Place<'_>) -> Option<&str> {
        if !self.files.contains_key(place.path) {
            let read = read(&self.root.join(place.path));
            self.files.insert(place.path.to_owned(), read);
        }
        let lines = self.files.get(place.path)?.as_ref()?;
        lines.get(place.line.checked_sub(1)?).map(String::as_str)
    }
}

fn read(path: &Path) -> Option<Vec<String>> {
    let metadata = fs::metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > MAX_FILE_BYTES {
        return None;
    }
    let bytes = fs::read(path).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    Some(text.lines().map(str::to_owned).collect())
}

impl Page<'_> {
    /// A site, its source line if there is one, and what happened there.
    pub(super) fn snippet(
        &mut self,
        site: &str,
        function: Option<&str>,
        label: &str,
    ) -> io::Result<()> {
        let arrow = self.style.frame("  -->");
        let function = function.map(|function| format!(", in `{}`", shown(function)));
        let function = function.unwrap_or_default();
        writeln!(self.out, "{arrow} {}{function}", shown(site))?;
        let place = Place::parse(site);
        let line = place.as_ref().and_then(|place| {
            let line = self.sources.line(place)?;
            Some((place.line, marked(line, place.column)))
        });
        let Some((number, (text, mark))) = line else {
            let bar = self.style.frame("   |");
            return writeln!(self.out, "{bar}  {label}");
        };
        let number = number.to_string();
        let width = number.len().max(2);
        let empty = self.style.frame(&format!("{:width$} |", ""));
        let numbered = self.style.frame(&format!("{number:>width$} |"));
        writeln!(self.out, "{empty}\n{numbered} {text}")?;
        let label = self.style.fault(&format!("{} {label}", mark.trim_start()));
        let indent = " ".repeat(mark.len() - mark.trim_start().len());
        writeln!(self.out, "{empty} {indent}{label}")
    }
}

/// A source line as shown, and the marks below it: under the name at `column`
/// (from 1, in characters), or under the whole line. Of a long line, the part
/// around the column is shown.
fn marked(line: &str, column: Option<usize>) -> (String, String) {
    let length = line.chars().count();
    let first = match column {
        Some(column) => column.saturating_sub(1).min(length),
        None => line.chars().take_while(|c| c.is_whitespace()).count(),
    };
    let from = window(first, length);
    let (mut text, mut mark) = match from {
        0 => (String::new(), String::new()),
        _ => ("... ".to_owned(), "    ".to_owned()),
    };
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut within = true;
    for (at, c) in line.chars().enumerate().skip(from).take(MAX_LINE_CHARS) {
        let piece = match c {
            '\t' => "    ".to_owned(),
            c => shown(c.encode_utf8(&mut [0; 4])),
        };
        within &= at <= first || column.is_none() || is_name(c);
        let under = if at >= first && within { '^' } else { ' ' };
        mark.extend(piece.chars().map(|_| under));
        text.push_str(&piece);
    }
    if from + MAX_LINE_CHARS < length {
        text.push_str(" ...");
    }
    let marks = mark.trim_end().len();
    match marks {
        // A column behind the line's end.
        0 => mark.push('^'),
        marks => mark.truncate(marks),
    }
    (text, mark)
}

/// Where to begin showing a line of `length`, so that what is at `first` stands
/// well within.
fn window(first: usize, length: usize) -> usize {
    if first + MARGIN_CHARS <= MAX_LINE_CHARS {
        return 0;
    }
    let last = length.saturating_sub(MAX_LINE_CHARS);
    first.saturating_sub(MAX_LINE_CHARS / 2).min(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_are_taken_apart_from_their_end() {
        let place = Place::parse("C:/src/a.rs:10:5").unwrap();
        assert_eq!(
            (place.path, place.line, place.column),
            ("C:/src/a.rs", 10, Some(5))
        );
        let place = Place::parse("a.go:7").unwrap();
        assert_eq!((place.path, place.line, place.column), ("a.go", 7, None));
        assert_eq!(Place::parse("?"), None);
        assert_eq!(Place::parse("42"), None);
    }

    #[test]
    fn the_name_at_the_column_is_marked() {
        let (shown, mark) = marked("\tself.hits += 1;", Some(7));
        assert_eq!(shown, "    self.hits += 1;");
        assert_eq!(mark, "         ^^^^");
        assert_eq!(marked("", Some(3)).1, "^");
        assert_eq!(marked("  return;", None).1, "  ^^^^^^^");
    }

    #[test]
    fn the_mark_stands_under_its_place_in_a_long_line() {
        let line = format!("{}hits += 1;{}", "x ".repeat(300), " y".repeat(300));
        let (text, mark) = marked(&line, Some(601));
        assert!(text.starts_with("... ") && text.ends_with(" ..."), "{text}");
        assert!(text.len() <= MAX_LINE_CHARS + 8);
        assert_eq!(mark.trim_start(), "^^^^");
        assert_eq!(&text[mark.len() - 4..mark.len()], "hits");
        let (text, mark) = marked(&line, Some(1205));
        assert!(!text.ends_with(" ..."));
        assert_eq!(&text[mark.len() - 1..mark.len()], "y");
        let short = "x".repeat(MAX_LINE_CHARS);
        assert_eq!(marked(&short, Some(150)).0, short);
        assert_eq!(marked("return;", Some(99)).1, "       ^");
    }

    #[test]
    fn devices_are_not_read() {
        assert!(read(Path::new("/dev/zero")).is_none());
        assert!(read(Path::new("/")).is_none());
    }
}
