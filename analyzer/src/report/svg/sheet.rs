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

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;
    use std::path::Path;

    fn sheet(text: &str) -> String {
        let options = hbtrace_traces::read::Options::default();
        let trace = hbtrace_traces::text::parse(Path::new("run.std"), text.as_bytes(), options);
        let trace = trace.expect("the trace is well-formed");
        let findings = crate::analyze(&trace, &crate::Options::default());
        let mut out = Vec::new();
        let drawn = render(&findings, &mut out, &RenderOptions::default());
        drawn.expect("memory can be written");
        String::from_utf8(out).expect("a sheet is text")
    }

    /// `threads` threads that take turns at a lock.
    fn queue(threads: u64, turns: u64) -> String {
        let mut text = String::from("main|w(x)|m.rs:1|0\n");
        for turn in 0..turns {
            for thread in 0..threads {
                let (asked, time) = (turn * 1_000 * threads, (turn * threads + thread) * 1_000);
                let from = asked.max(time.saturating_sub(500));
                let _ = write!(
                    text,
                    "t{thread}|req(hot)|w.rs:2|{from}\nt{thread}|acq(hot)|w.rs:2|{}\n\
                     t{thread}|rel(hot)|w.rs:3|{}\n",
                    time + 600,
                    time + 999
                );
            }
        }
        text
    }

    #[test]
    fn names_cannot_break_out_of_the_markup() {
        let sheet = sheet(
            "a<b>&\"|acq(l<script>&)|x<y>.rs|0\na<b>&\"|rel(l<script>&)|x<y>.rs|50\n\
             a<b>&\"|w(x)|z|60\n",
        );
        assert!(sheet.contains("l&lt;script&gt;&amp;"));
        assert!(!sheet.contains("<script>") && !sheet.contains("<b>") && !sheet.contains("<y>"));
    }

    #[test]
    fn the_size_does_not_grow_with_the_trace() {
        let (short, long) = (sheet(&queue(8, 100)), sheet(&queue(8, 2_000)));
        assert!(long.len() < 300_000, "{} bytes", long.len());
        assert!(
            long.len() < 2 * short.len(),
            "{} and {} bytes",
            short.len(),
            long.len()
        );
    }

    #[test]
    fn many_threads_share_a_row() {
        let sheet = sheet(&queue(99, 3));
        assert!(sheet.contains("84 other threads"));
    }

    #[test]
    fn no_hop_leads_to_the_row_of_many() {
        let number = |line: &str, name: &str| {
            let (_, rest) = line.split_once(&format!(" {name}=\"")).expect("it has one");
            let (value, _) = rest.split_once('"').expect("it ends");
            value.parse::<f64>().expect("it is a number")
        };
        let sheet = sheet(&queue(18, 3));
        let many = sheet.lines().find(|line| line.contains("3 other threads<"));
        let many = number(many.expect("there is a row"), "y");
        let hops = sheet.lines().filter(|line| line.contains("class=\"hop\""));
        let lowest = hops.map(|hop| number(hop, "y1").max(number(hop, "y2")));
        let lowest = lowest.fold(0.0, f64::max);
        assert!(lowest > 0.0 && lowest < many, "{lowest} and {many}");
    }

    #[test]
    fn traces_that_nothing_can_be_drawn_of_say_so() {
        let untimed = sheet("a|acq(l)|x:1\na|rel(l)|x:1\n");
        assert!(untimed.contains("The trace has no times"));
        let moment = sheet("a|w(x)|x:1|5\n");
        assert!(moment.contains("The run has no length"));
        let unlocked = sheet("a|w(x)|x:1|5\na|w(x)|x:1|9\n");
        assert!(unlocked.contains("The trace holds no lock."));
    }
}
