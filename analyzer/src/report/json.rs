//! The report for programs: one JSON document.
//!
//! Its fields are those of [`Findings`] under the names they have there, with
//! the schema's name first. Fields may be added; none is renamed or removed
//! within a schema. Times are whole nanoseconds, `null` where the trace has no
//! time.

use std::io;

use serde::Serialize;

use super::RenderOptions;
use crate::finding::{Contention, Deadlock, EndWait, Findings, Race, TraceFigures};

/// Name of the schema.
const SCHEMA: &str = "hbtrace-report/1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    trace: &'a TraceFigures,
    races: &'a [Race],
    deadlocks: &'a [Deadlock],
    waits_at_end: &'a [EndWait],
    contention: &'a Contention,
    warnings: &'a [String],
}

/// Writes the document, indented, with a line feed at its end.
pub(super) fn render(
    findings: &Findings,
    out: &mut dyn io::Write,
    _options: &RenderOptions,
) -> io::Result<()> {
    let document = Document {
        schema: SCHEMA,
        trace: &findings.trace,
        races: &findings.races,
        deadlocks: &findings.deadlocks,
        waits_at_end: &findings.waits_at_end,
        contention: &findings.contention,
        warnings: &findings.warnings,
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}
