//! The sheet as a whole.

use std::io;

use super::canvas::{Anchor, Canvas, escape, wrap};
use super::style::HEAD;
use super::view::{MARGIN, View, WIDTH};
use super::{locks, running, timeline, verdict};
use crate::finding::Findings;
use crate::report::RenderOptions;

/// Space between panels.
const SPACE: u32 = 44;

/// Draws the contention sheet: what held the run up.
///
/// # Errors
/// If `out` can't be written.
pub(in crate::report) fn render(
    findings: &Findings,
    out: &mut dyn io::Write,
    _options: &RenderOptions,
) -> io::Result<()> {
    let mut canvas = Canvas::default();
    let (height, verdict) = match View::of(findings) {
        Some(view) => {
            let mut y = verdict::draw(&mut canvas, &view, MARGIN + 6);
            y = timeline::draw(&mut canvas, &view, y + SPACE);
            y = running::draw(&mut canvas, &view, y + SPACE);
            y = locks::draw(&mut canvas, &view, y + SPACE);
            (y + MARGIN, verdict::sentence(&view))
        }
        None => nothing(&mut canvas, findings),
    };
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">"
    )?;
    writeln!(out, "<title>{}</title>", escape(&verdict))?;
    writeln!(out, "{HEAD}")?;
    writeln!(
        out,
        "<rect class=\"bg\" width=\"{WIDTH}\" height=\"{height}\"/>"
    )?;
    out.write_all(canvas.into_body().as_bytes())?;
    writeln!(out, "</svg>")
}

/// A trace that nothing can be drawn of says why.
fn nothing(canvas: &mut Canvas, findings: &Findings) -> (u32, String) {
    let mut y = verdict::heading(canvas, findings, MARGIN + 6);
    let (sentence, advice) = match findings.contention.duration_ns {
        None => (
            "The trace has no times, so nothing can be said about waiting.",
            "Traces made by the recorder have them; a text trace gets them by a fourth field, \
             in nanoseconds: thread|op|site|time.",
        ),
        Some(_) => (
            "The run has no length: all its events bear the same time.",
            "There is nothing to draw over time.",
        ),
    };
    canvas.text(
        "strong",
        (f64::from(MARGIN), f64::from(y)),
        24,
        Anchor::Start,
        sentence,
    );
    for line in wrap(advice, 14, f64::from(WIDTH - 2 * MARGIN)) {
        y += 30;
        canvas.text(
            "dim",
            (f64::from(MARGIN), f64::from(y)),
            14,
            Anchor::Start,
            &line,
        );
    }
    (y + MARGIN, sentence.to_owned())
}
