//! Panel 2: what each thread did over time, and the critical path below it.

use super::canvas::{Anchor, Canvas, fit};
use super::columns::{Columns, steps};
use super::ticks::{tick, ticks};
use super::view::{COLUMNS, LEFT, MARGIN, RIGHT, Row, View};
use crate::finding::TimelineSpan;
use crate::report::numbers::{duration, grouped, percent};

/// Classes of the layers of a row, from the bottom up.
const LAYERS: [&str; 6] = ["worst", "hold", "run", "out", "waitworst", "wait"];
/// Height of a thread's band, and of the group's.
const BAND: u32 = 18;
const GROUP_BAND: u32 = 44;
/// Height of the critical path under it.
const PATH: u32 = 6;
const GAP: u32 = 9;
/// More columns with hops than this would be a grey veil.
const HOPS: usize = 200;

/// Draws the panel and tells where the next may begin.
pub(super) fn draw(canvas: &mut Canvas, view: &View<'_>, top: u32) -> u32 {
    let title = "Threads over time";
    canvas.text(
        "strong",
        (f64::from(MARGIN), f64::from(top)),
        16,
        Anchor::Start,
        title,
    );
    legend(canvas, view, top);
    let tops = tops(view, top + 18);
    let bottom = tops.last().copied().unwrap_or(top + 18);
    let path = on_path(view);
    for (place, row) in view.rows.iter().enumerate() {
        let band = band_of(row);
        let y = tops[place];
        canvas.group(&title_of(view, row));
        label(canvas, view, row, y);
        canvas.rect(
            "track",
            (f64::from(LEFT), f64::from(y)),
            (f64::from(COLUMNS), f64::from(band)),
            "",
        );
        let columns = columns(view, row);
        let paths = columns.paths(row.threads.len() as f64, (LEFT, y + band), band);
        for (class, data) in LAYERS.iter().zip(&paths).rev() {
            canvas.path(class, data);
        }
        let heights = bar_heights(&path, place);
        canvas.path("path", &steps(&heights, (LEFT, y + band + 1 + PATH)));
        canvas.end_group();
    }
    hops(canvas, view, &tops);
    axis(canvas, view, bottom);
    bottom + 18
}

/// The time axis at `y`, with round times below.
pub(super) fn axis(canvas: &mut Canvas, view: &View<'_>, y: u32) {
    for time in ticks(view.length) {
        let x = view.x(time);
        canvas.line("axis", (x, f64::from(y)), (x, f64::from(y + 4)));
        let at = (x, f64::from(y + 17));
        canvas.text("dim", at, 12, Anchor::Middle, &tick(time));
    }
    let (left, right) = (f64::from(LEFT), f64::from(RIGHT));
    canvas.line("axis", (left, f64::from(y)), (right, f64::from(y)));
}

/// Where each row begins, and where the last one ends.
fn tops(view: &View<'_>, top: u32) -> Vec<u32> {
    let mut tops = vec![top];
    for row in &view.rows {
        let height = band_of(row) + PATH + GAP;
        tops.push(tops[tops.len() - 1] + height);
    }
    tops
}

fn band_of(row: &Row) -> u32 {
    match row.threads.len() {
        1 => BAND,
        _ => GROUP_BAND,
    }
}

/// Height of the critical path's bar by column. A part of a column shows,
/// however small, unless it is only the ragged edge of a full one.
fn bar_heights(path: &Columns, row: usize) -> Vec<u32> {
    let width = path.width();
    let share = |column: usize| path.share(column, row);
    let is_full = |column: usize| column < width && share(column) > 0.999;
    (0..width)
        .map(|column| match share(column) {
            ..=0.0 => 0,
            share if is_full(column + 1) || column > 0 && is_full(column - 1) => {
                share.round() as u32 * PATH
            }
            share => ((share * f64::from(PATH)).round() as u32).clamp(1, PATH),
        })
        .collect()
}

fn label(canvas: &mut Canvas, view: &View<'_>, row: &Row, y: u32) {
    let base = f64::from(y) + f64::from(band_of(row)) / 2.0 + 5.0;
    let name = fit(&row.name, 13, f64::from(LEFT - MARGIN - 12));
    canvas.text("ink", (f64::from(LEFT - 10), base), 13, Anchor::End, &name);
    let time: u64 = row
        .threads
        .iter()
        .map(|t| view.contention.threads[*t].critical_path_ns)
        .fold(0, u64::saturating_add);
    if time > 0 {
        let at = (f64::from(RIGHT + 10), base);
        canvas.text(
            "dim",
            at,
            12,
            Anchor::Start,
            &format!("path {}", percent(time, view.length)),
        );
    }
}

fn columns(view: &View<'_>, row: &Row) -> Columns {
    let mut columns = Columns::new(COLUMNS as usize, LAYERS.len(), view.length);
    let has_worst = view.worst().is_some();
    for thread in &row.threads {
        let Some(timeline) = view.contention.timeline.get(*thread) else {
            continue;
        };
        for span in &timeline.spans {
            if let Some(layer) = layer(span, has_worst) {
                columns.add(layer, span.from_ns, span.to_ns);
            }
        }
    }
    columns
}

fn layer(span: &TimelineSpan, has_worst: bool) -> Option<usize> {
    let worst = has_worst && span.lock == Some(0);
    Some(match (span.state, worst) {
        ("holding", true) => 0,
        ("holding", false) => 1,
        ("running", _) => 2,
        ("outside", _) => 3,
        ("waiting", true) => 4,
        ("waiting", false) => 5,
        _ => return None,
    })
}

/// Shares of the critical path by row.
fn on_path(view: &View<'_>) -> Columns {
    let mut columns = Columns::new(COLUMNS as usize, view.rows.len().max(1), view.length);
    for segment in &view.contention.critical_path {
        if let Some(thread) = view.threads.get(segment.thread.as_str()) {
            columns.add(view.row_of[*thread], segment.from_ns, segment.to_ns);
        }
    }
    columns
}

/// A hairline wherever the path goes from row to row; not to the row of the
/// other threads, where many would merge into a slab.
fn hops(canvas: &mut Canvas, view: &View<'_>, tops: &[u32]) {
    let mut columns: Vec<Option<(usize, usize)>> = vec![None; COLUMNS as usize + 1];
    let mut number: u64 = 0;
    for pair in view.contention.critical_path.windows(2) {
        let rows = [&pair[0], &pair[1]].map(|s| view.threads.get(s.thread.as_str()));
        let [Some(one), Some(other)] = rows else {
            continue;
        };
        let (one, other) = (view.row_of[*one], view.row_of[*other]);
        number += u64::from(pair[0].thread != pair[1].thread);
        let is_group = |row: usize| view.rows[row].threads.len() > 1;
        if one == other || is_group(one) || is_group(other) {
            continue;
        }
        let column = (view.x(pair[0].to_ns) - f64::from(LEFT)) as usize;
        let (low, high) = columns[column].unwrap_or((one, one));
        columns[column] = Some((low.min(one).min(other), high.max(one).max(other)));
    }
    let drawn = columns.iter().flatten().count();
    if drawn > HOPS {
        let text = match view.contention.critical_path_resolution_ns {
            0 => format!("{} hops not drawn", grouped(number)),
            _ => "hops not drawn".to_owned(),
        };
        let bottom = tops.last().copied().unwrap_or(0);
        let at = (f64::from(LEFT - 10), f64::from(bottom + 4));
        canvas.text("dim", at, 11, Anchor::End, &text);
        return;
    }
    for (column, rows) in columns.iter().enumerate() {
        if let Some((low, high)) = rows {
            let x = f64::from(LEFT) + column as f64 + 0.5;
            let y = |row: usize| f64::from(tops[row + 1] - GAP);
            canvas.line("hop", (x, y(*low)), (x, y(*high)));
        }
    }
}

fn title_of(view: &View<'_>, row: &Row) -> String {
    let times = row.threads.iter().map(|t| &view.contention.threads[*t]);
    let sum = |part: fn(&crate::finding::ThreadTime) -> u64| {
        duration(times.clone().map(part).fold(0, u64::saturating_add))
    };
    format!(
        "{}: running {}, of it holding {}, waiting {}, outside {}, on the critical path {}",
        row.name,
        sum(|t| t.running_ns),
        sum(|t| t.holding_ns),
        sum(|t| t.waiting_ns),
        sum(|t| t.outside_ns),
        sum(|t| t.critical_path_ns)
    )
}

fn legend(canvas: &mut Canvas, view: &View<'_>, y: u32) {
    let mut entries = vec![("path", "critical path".to_owned())];
    let mut others = "holding a lock";
    if let Some(worst) = view.worst() {
        let name = fit(&worst.lock, 12, 130.0);
        let mut waiting = format!("waiting for {name}");
        // A channel or a barrier is waited for, and never held.
        if worst.hold_ns > 0 {
            entries.push(("worst", format!("holding {name}")));
            "waiting for it".clone_into(&mut waiting);
            others = "holding another";
        }
        entries.push(("waitworst", waiting));
    }
    entries.push(("hold", others.to_owned()));
    entries.push(("wait", "waiting".to_owned()));
    entries.push(("run", "running".to_owned()));
    entries.push(("out", "sleep, I/O".to_owned()));
    let mut x = f64::from(LEFT);
    for (class, text) in &entries {
        let height = if *class == "path" { 5.0 } else { 12.0 };
        let middle = f64::from(y) - 5.0;
        canvas.rect(class, (x, middle - height / 2.0), (18.0, height), "");
        canvas.text("dim", (x + 24.0, f64::from(y)), 12, Anchor::Start, text);
        x += 24.0 + super::canvas::width_of(text, 12) + 18.0;
    }
}
