//! What the panels of a sheet share: the rows, the worst lock, the time scale.

use std::collections::HashMap;

use crate::finding::{Contention, Findings, LockFigures};

/// Width of the sheet.
pub(super) const WIDTH: u32 = 1200;
/// Left and right edge of all text.
pub(super) const MARGIN: u32 = 32;
/// Left edge of what has a time axis.
pub(super) const LEFT: u32 = 216;
/// Its width; a column is a pixel.
pub(super) const COLUMNS: u32 = 856;
/// Its right edge.
pub(super) const RIGHT: u32 = LEFT + COLUMNS;

/// Threads that have a row of their own; the others share one.
const ROWS: usize = 16;

/// A row of the timeline.
pub(super) struct Row {
    pub(super) name: String,
    /// Places in [`Contention::threads`].
    pub(super) threads: Vec<usize>,
}

/// Findings about contention, prepared for drawing.
pub(super) struct View<'a> {
    pub(super) findings: &'a Findings,
    pub(super) contention: &'a Contention,
    /// Length of the run.
    pub(super) length: u64,
    pub(super) rows: Vec<Row>,
    /// By thread, its row.
    pub(super) row_of: Vec<usize>,
    /// By name, the thread.
    pub(super) threads: HashMap<&'a str, usize>,
}

impl<'a> View<'a> {
    /// Prepares the findings; `None` if there is nothing with a length.
    pub(super) fn of(findings: &'a Findings) -> Option<View<'a>> {
        let contention = &findings.contention;
        let length = contention.duration_ns.filter(|length| *length > 0)?;
        let (rows, row_of) = rows(contention);
        let named = contention.threads.iter().enumerate();
        Some(View {
            findings,
            contention,
            length,
            rows,
            row_of,
            threads: named.map(|(at, time)| (time.thread.as_str(), at)).collect(),
        })
    }

    /// The lock that the critical path spends most time in, if in any.
    pub(super) fn worst(&self) -> Option<&'a LockFigures> {
        let first = self.contention.locks.first();
        first.filter(|lock| lock.critical_path_ns > 0)
    }

    /// Where a time lies.
    pub(super) fn x(&self, time: u64) -> f64 {
        f64::from(LEFT) + f64::from(COLUMNS) * (time as f64 / self.length as f64)
    }

    /// The threads that run, on average.
    pub(super) fn mean_running(&self) -> f64 {
        let running = self.contention.threads.iter().map(|time| time.running_ns);
        running.map(|time| time as f64).sum::<f64>() / self.length as f64
    }
}

/// A row for each thread, or for those with most critical-path time and one
/// more for all others.
fn rows(contention: &Contention) -> (Vec<Row>, Vec<usize>) {
    let threads = &contention.threads;
    let mut chosen: Vec<usize> = (0..threads.len()).collect();
    chosen.sort_by_key(|thread| {
        let time = &threads[*thread];
        let used = time.holding_ns + time.waiting_ns;
        (std::cmp::Reverse((time.critical_path_ns, used)), *thread)
    });
    let others = chosen.split_off(chosen.len().min(ROWS));
    chosen.sort_unstable();
    let mut row_of = vec![chosen.len(); threads.len()];
    let mut rows = Vec::new();
    for thread in chosen {
        row_of[thread] = rows.len();
        rows.push(Row {
            name: threads[thread].thread.clone(),
            threads: vec![thread],
        });
    }
    match others.len() {
        0 => {}
        1 => rows.push(Row {
            name: threads[others[0]].thread.clone(),
            threads: others,
        }),
        many => rows.push(Row {
            name: format!("{many} other threads"),
            threads: others,
        }),
    }
    (rows, row_of)
}
