//! Colours of the text report.

/// Puts ANSI colours around text, or not.
#[derive(Clone, Copy)]
pub(super) struct Style {
    color: bool,
}

impl Style {
    pub(super) fn new(color: bool) -> Style {
        Style { color }
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.color {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// What speaks against the program.
    pub(super) fn fault(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    /// What qualifies the findings.
    pub(super) fn warning(self, text: &str) -> String {
        self.paint("1;33", text)
    }

    /// Nothing found.
    pub(super) fn good(self, text: &str) -> String {
        self.paint("1;32", text)
    }

    /// Headings and labels.
    pub(super) fn strong(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// Line numbers, bars and arrows.
    pub(super) fn frame(self, text: &str) -> String {
        self.paint("1;34", text)
    }
}
