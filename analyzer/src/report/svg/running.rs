//! Panel 3: how many threads ran at a time, against the CPUs there were.

use plotters::prelude::*;

use super::canvas::{Anchor, Canvas};
use super::chart::{Axis, chart};
use super::columns::Columns;
use super::plot::Plot;
use super::style::Ink;
use super::timeline::axis;
use super::view::{COLUMNS, LEFT, MARGIN, RIGHT, View};

const HEIGHT: u32 = 110;
/// Room for the numbers on the left.
const NUMBERS: u32 = 48;

/// Draws the panel and tells where the next may begin.
pub(super) fn draw(canvas: &mut Canvas, view: &View<'_>, top: u32) -> u32 {
    let title = (f64::from(MARGIN), f64::from(top));
    canvas.text("strong", title, 16, Anchor::Start, "Running threads");
    let counts = counts(view);
    let most = counts.iter().copied().fold(1.0, f64::max);
    let cpus = f64::from(view.findings.trace.cpus);
    // A line far above everything would only press the rest flat.
    let cpus = (cpus > 0.0 && cpus <= most * 2.0).then_some(cpus);
    let limit = most.max(cpus.unwrap_or(0.0)) * 1.15;
    let mean = view.mean_running();
    let plot_top = top + 14;
    let _never_fails = plot(canvas, &counts, (mean, cpus), limit, plot_top);
    axis(canvas, view, plot_top + HEIGHT);
    let y = |value: f64| f64::from(plot_top + HEIGHT) - value / limit * f64::from(HEIGHT);
    names(canvas, (mean, cpus), y);
    plot_top + HEIGHT + 18
}

/// How many threads ran, by column.
fn counts(view: &View<'_>) -> Vec<f64> {
    let mut columns = Columns::new(COLUMNS as usize, 1, view.length);
    for timeline in &view.contention.timeline {
        for span in &timeline.spans {
            if matches!(span.state, "running" | "holding") {
                columns.add(0, span.from_ns, span.to_ns);
            }
        }
    }
    (0..columns.width())
        .map(|column| columns.share(column, 0))
        .collect()
}

/// Writes beside the two lines what they are, apart from each other.
fn names(canvas: &mut Canvas, (mean, cpus): (f64, Option<f64>), y: impl Fn(f64) -> f64) {
    let near = cpus.is_some_and(|cpus| (y(cpus) - y(mean)).abs() < 14.0);
    let at = |value: f64, down: f64| (f64::from(RIGHT + 10), y(value) + 4.0 + down);
    let below = near && cpus.is_some_and(|cpus| cpus >= mean);
    let down = match (near, below) {
        (_, true) => 7.0,
        (true, false) => -7.0,
        (false, false) => 0.0,
    };
    let text = format!("average {mean:.1}");
    canvas.text("meantext", at(mean, down), 12, Anchor::Start, &text);
    if let Some(cpus) = cpus {
        let text = format!("{cpus:.0} CPU{}", if cpus > 1.0 { "s" } else { "" });
        canvas.text("cputext", at(cpus, -down), 12, Anchor::Start, &text);
    }
}

fn plot(
    canvas: &mut Canvas,
    counts: &[f64],
    (mean, cpus): (f64, Option<f64>),
    limit: f64,
    top: u32,
) -> Result<(), Box<dyn std::error::Error>> {
    let place = (LEFT - NUMBERS, top);
    let plot = Plot::new(canvas.buffer(), place, (COLUMNS + NUMBERS, HEIGHT));
    let area = plot.into_drawing_area();
    let columns = counts.len() as f64;
    let axis = Axis {
        on_the_left: true,
        room: NUMBERS,
        most: 4,
        text: &|value| format!("{value:.0}"),
    };
    let mut chart = chart(&area, (0.0..columns, 0.0..limit), &axis)?;
    let ends =
        |(column, count): (usize, &f64)| [(column as f64, *count), (column as f64 + 1.0, *count)];
    let steps = counts.iter().enumerate().flat_map(ends);
    chart
        .draw_series(AreaSeries::new(steps, 0.0, Ink::Area.color()))
        .map_err(|error| error.to_string())?;
    for (value, ink) in [(Some(mean), Ink::Mean), (cpus, Ink::Cpus)] {
        let line = value.map(|value| vec![(0.0, value), (columns, value)]);
        chart
            .draw_series(LineSeries::new(line.unwrap_or_default(), ink.color()))
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}
