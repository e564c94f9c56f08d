//! A small SVG writer: text, lines and rectangles with classes, numbers with
//! fixed decimals, everything that comes from a trace escaped.

use std::fmt::Write as _;

/// Average width of a character, as a share of the font size. Sheets are
/// looked at with whatever font is at hand, so widths are estimated, amply.
const CHARACTER: f64 = 0.56;

/// SVG elements, one a line.
#[derive(Default)]
pub(super) struct Canvas {
    body: String,
}

/// How a text stands at its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    fn attribute(self) -> &'static str {
        match self {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        }
    }
}

impl Canvas {
    /// What was drawn so far.
    pub(super) fn into_body(self) -> String {
        self.body
    }

    /// Where other writers may append.
    pub(super) fn buffer(&mut self) -> &mut String {
        &mut self.body
    }

    /// A text of one line. `y` is its base line.
    pub(super) fn text(
        &mut self,
        class: &str,
        at: (f64, f64),
        size: u32,
        anchor: Anchor,
        text: &str,
    ) {
        let (x, y) = at;
        let _ = writeln!(
            self.body,
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\"{}>{}</text>",
            anchor.attribute(),
            escape(text)
        );
    }

    /// Texts of different classes one behind the other, on one base line.
    pub(super) fn texts(&mut self, at: (f64, f64), size: u32, texts: &[(&str, &str)]) {
        let (x, y) = at;
        let _ = write!(
            self.body,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\">"
        );
        for (place, (class, text)) in texts.iter().enumerate() {
            let gap = if place == 0 { "" } else { " dx=\"10\"" };
            let text = escape(text);
            let _ = write!(self.body, "<tspan class=\"{class}\"{gap}>{text}</tspan>");
        }
        self.body.push_str("</text>\n");
    }

    /// A filled rectangle, with a tooltip if `title` is not empty.
    pub(super) fn rect(&mut self, class: &str, at: (f64, f64), size: (f64, f64), title: &str) {
        let ((x, y), (width, height)) = (at, size);
        let _ = write!(
            self.body,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\""
        );
        match title {
            "" => self.body.push_str("/>\n"),
            _ => {
                let _ = writeln!(self.body, "><title>{}</title></rect>", escape(title));
            }
        }
    }

    /// A straight line.
    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let _ = writeln!(
            self.body,
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        );
    }

    /// A path of the given data; nothing if there is none.
    pub(super) fn path(&mut self, class: &str, data: &str) {
        if !data.is_empty() {
            let _ = writeln!(self.body, "<path class=\"{class}\" d=\"{data}\"/>");
        }
    }

    /// Opens a group with a tooltip; [`Canvas::end_group`] closes it.
    pub(super) fn group(&mut self, title: &str) {
        let _ = writeln!(self.body, "<g><title>{}</title>", escape(title));
    }

    /// Closes the group opened last.
    pub(super) fn end_group(&mut self) {
        self.body.push_str("</g>\n");
    }
}

/// Estimated width of a text in pixels.
pub(super) fn width_of(text: &str, size: u32) -> f64 {
    text.chars().count() as f64 * f64::from(size) * CHARACTER
}

/// The text, or as much of its beginning and end as fits into `width` pixels.
/// More of the end: there a path has its file and line, and a name its number.
pub(super) fn fit(text: &str, size: u32, width: f64) -> String {
    let room = (width / (f64::from(size) * CHARACTER)).max(3.0) as usize;
    let length = text.chars().count();
    if length <= room {
        return text.to_owned();
    }
    let head = (room - 1) / 4;
    let tail = room - 1 - head;
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(length - tail).collect();
    format!("{start}\u{2026}{end}")
}

/// The text as XML shows it; characters that XML has no room for are replaced.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => {
                escaped.push('\u{fffd}');
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

/// The text in lines of at most `width` pixels, broken between words.
pub(super) fn wrap(text: &str, size: u32, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if width_of(line, size) + width_of(word, size) < width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_name_reaches_the_markup() {
        assert_eq!(escape("a<b>&\"\u{1}"), "a&lt;b&gt;&amp;&quot;\u{fffd}");
    }

    #[test]
    fn a_long_name_keeps_its_two_ends() {
        let name = "a".repeat(100) + "#17";
        let short = fit(&name, 12, 100.0);
        assert!(width_of(&short, 12) <= 100.0);
        assert!(short.starts_with("aaa") && short.ends_with("#17"));
    }
}
