//! How findings are shown.
//!
//! A report is a function of [`Findings`] and knows no analysis. To add one:
//! write it in a file of its own below this folder, as a function like those
//! in [`REPORTS`], and add a row. The program derives `--format`, `-o` and
//! their help from the list.

mod json;
mod names;
mod numbers;
mod svg;
mod text;

pub use names::shown;
pub use numbers::{duration, grouped};

use std::io;
use std::path::PathBuf;

use crate::finding::Findings;

/// How to show findings.
#[derive(Clone, Debug, Default)]
pub struct RenderOptions {
    /// Colour the text with ANSI escapes.
    pub color: bool,
    /// Where relative source paths start; the working directory if empty.
    pub source_root: PathBuf,
}

/// Writes findings in one format.
pub type Render = fn(&Findings, &mut dyn io::Write, &RenderOptions) -> io::Result<()>;

/// A report: a row of [`REPORTS`].
pub struct Report {
    /// Its name in `--format NAME` and `-o NAME=PATH`.
    pub name: &'static str,
    /// What it shows, for `--help`.
    pub description: &'static str,
    /// Writes it.
    pub render: Render,
}

/// Every report.
pub static REPORTS: &[Report] = &[
    Report {
        name: "text",
        description: "for people: every finding with its source lines, and a summary",
        render: text::render,
    },
    Report {
        name: "json",
        description: "for programs: everything, schema hbtrace-report/1",
        render: json::render,
    },
    Report {
        name: "svg",
        description: "the contention sheet: what held the run up, as a picture",
        render: svg::render,
    },
];

/// The report of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Report> {
    REPORTS.iter().find(|report| report.name == name)
}
