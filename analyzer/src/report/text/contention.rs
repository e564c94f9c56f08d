//! Contention as text: what held the run up, then a short table.

use std::io;

use super::Page;
use crate::finding::{Contention, Findings, LockFigures};
use crate::report::numbers::{counted, duration, grouped, percent};
use crate::report::shown;

/// Objects in the table.
const ROWS: usize = 10;

/// A lock that takes less than this part of the run does not hold it up.
const NEGLIGIBLE: u64 = 100;

/// A longer name is cut in the table.
const MAX_NAME_CHARS: usize = 40;

const HEADINGS: [&str; 7] = [
    "waited for",
    "kind",
    "times",
    "contended",
    "waiting",
    "longest",
    "critical path",
];

impl Page<'_> {
    /// Nothing, where the trace has no time.
    pub(super) fn contention(&mut self, findings: &Findings) -> io::Result<()> {
        let (contention, trace) = (&findings.contention, &findings.trace);
        let Some(run) = contention.duration_ns else {
            return Ok(());
        };
        let label = self.style.strong("contention");
        writeln!(self.out, "{label}: {}", verdict(contention, run))?;
        let rows: Vec<[String; 7]> = contention
            .locks
            .iter()
            .filter(|lock| lock.wait_ns > 0 || lock.critical_path_ns > run / 1000)
            .map(|lock| row(lock, run))
            .collect();
        if !rows.is_empty() {
            self.table(&rows[..rows.len().min(ROWS)])?;
        }
        if rows.len() > ROWS {
            let left_out = grouped((rows.len() - ROWS) as u64);
            writeln!(
                self.out,
                "  ... and {left_out} more that cost less: see --format json"
            )?;
        }
        if !findings.waits_at_end.is_empty() {
            let text = "a wait that is still open at the end counts up to the last event";
            self.note("note", text)?;
        }
        if contention.time_error_ns > 0 {
            let error = duration(contention.time_error_ns);
            let text = format!("a time between two stamps may be off by up to {error}");
            self.note("note", &text)?;
        }
        if trace.cpus > 0 {
            let (threads, cpus) = (counted(trace.threads, "thread"), trace.cpus.into());
            self.note("note", &format!("{threads} on {}", counted(cpus, "CPU")))?;
        }
        writeln!(self.out)
    }

    fn table(&mut self, rows: &[[String; 7]]) -> io::Result<()> {
        let width = |column: usize| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.chain([HEADINGS[column].len()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..HEADINGS.len()).map(width).collect();
        let heading = aligned(&HEADINGS.map(str::to_owned), &widths);
        let heading = self.style.frame(&heading);
        writeln!(self.out, "{heading}")?;
        for row in rows {
            writeln!(self.out, "{}", aligned(row, &widths))?;
        }
        Ok(())
    }
}

/// Names to the left, numbers to the right.
fn aligned(cells: &[String; 7], widths: &[usize]) -> String {
    let mut line = String::new();
    for (at, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let padded = match at {
            0 | 1 => format!("  {cell:<width$}"),
            _ => format!("  {cell:>width$}"),
        };
        line.push_str(&padded);
    }
    line.trim_end().to_owned()
}

fn verdict(contention: &Contention, run: u64) -> String {
    let length = duration(run);
    let Some(lock) = contention.locks.first() else {
        return format!("no lock was waited for in the run of {length}");
    };
    let name = format!("{} `{}`", lock.kind, shown(&lock.lock));
    let (share, place) = (percent(lock.critical_path_ns, run), worst_site(lock));
    if lock.critical_path_ns == 0 {
        format!("no lock was on the critical path of the run of {length}")
    } else if lock.critical_path_ns < run / NEGLIGIBLE {
        format!("no lock held up the run of {length}: the worst, {name}, took {share} of it")
    } else {
        format!("{share} of the run of {length} went to {name}{place}")
    }
}

fn worst_site(lock: &LockFigures) -> String {
    match lock.worst_site.as_str() {
        "" | "?" => String::new(),
        site => format!(", most of it at {}", shown(site)),
    }
}

fn row(lock: &LockFigures, run: u64) -> [String; 7] {
    [
        cut(&shown(&lock.lock)),
        lock.kind.clone(),
        grouped(lock.acquisitions),
        percent(lock.contended, lock.acquisitions),
        duration(lock.wait_ns),
        duration(lock.max_wait_ns),
        percent(lock.critical_path_ns, run),
    ]
}

fn cut(name: &str) -> String {
    let length = name.chars().count();
    if length <= MAX_NAME_CHARS {
        return name.to_owned();
    }
    // The end of a name (file, line, number) tells more than its beginning.
    let kept = name.chars().skip(length + 3 - MAX_NAME_CHARS);
    format!("...{}", kept.collect::<String>())
}

#[cfg(test)]
mod tests {
    use crate::finding::{Contention, Findings, LockFigures, TraceFigures};

    #[test]
    fn rows_and_lost_events_that_are_not_shown_are_counted() {
        let lock = |number: u64| LockFigures {
            lock: format!("lock{number}"),
            wait_ns: 100 - number,
            ..LockFigures::default()
        };
        let findings = Findings {
            trace: TraceFigures {
                accesses: 1,
                lost_events: 2_000,
                ..TraceFigures::default()
            },
            contention: Contention {
                duration_ns: Some(1_000),
                locks: (0..13).map(lock).collect(),
                ..Contention::default()
            },
            ..Findings::default()
        };
        let mut out = Vec::new();
        let report = crate::report::find("text").expect("it is in the list");
        (report.render)(&findings, &mut out, &Default::default()).expect("memory can be written");
        let out = String::from_utf8(out).expect("a report is text");
        assert!(out.contains("lock9") && !out.contains("lock10"), "{out}");
        assert!(out.contains("... and 3 more that cost less"), "{out}");
        assert!(out.contains("(1 access, 0 sync, 2,000 lost)"), "{out}");
    }
}
