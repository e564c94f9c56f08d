//! Panel 4: what the critical path spends in each lock, over what was waited
//! for it in sum. The sum misleads (many threads wait for one at a time), so
//! it is a pale companion on a scale of its own, with its figure printed.

use plotters::prelude::*;

use super::canvas::{Anchor, Canvas, fit, width_of};
use super::chart::{Axis, chart, percent_tick};
use super::plot::Plot;
use super::style::Ink;
use super::view::{LEFT, MARGIN, View, WIDTH};
use crate::finding::LockFigures;
use crate::report::numbers::{duration, grouped, percent};

/// Locks shown.
const SHOWN: usize = 10;
const ROW: u32 = 40;
const BARS: u32 = 440;
const NUMBERS: u32 = 20;

/// Draws the panel and tells where it ends.
pub(super) fn draw(canvas: &mut Canvas, view: &View<'_>, top: u32) -> u32 {
    let left = f64::from(MARGIN);
    let all = &view.contention.locks;
    let used = all.iter().filter(|lock| is_worth_a_row(lock, view.length));
    let locks: Vec<&LockFigures> = used.take(SHOWN).collect();
    let title = match locks.iter().all(|lock| lock.hold_ns > 0) {
        true => "Locks",
        false => "Locks and others",
    };
    canvas.text("strong", (left, f64::from(top)), 16, Anchor::Start, title);
    if locks.is_empty() {
        let at = (f64::from(LEFT), f64::from(top));
        canvas.text("dim", at, 13, Anchor::Start, &nothing(all.len()));
        return top + 12;
    }
    legend(canvas, locks[0].critical_path_ns > 0, top);
    let plot_top = top + 14;
    let longest = locks.iter().map(|lock| lock.critical_path_ns).max();
    let limit = (longest.unwrap_or(0) as f64 / view.length as f64 * 100.0 * 1.05).clamp(1.0, 100.0);
    let _never_fails = plot(canvas, view, &locks, limit, plot_top);
    for (place, lock) in locks.iter().enumerate() {
        label(canvas, view, lock, plot_top + place as u32 * ROW);
    }
    let bottom = plot_top + locks.len() as u32 * ROW + NUMBERS;
    let rest = all.len() - locks.len();
    if rest > 0 {
        let text = format!("{} more in the JSON report", grouped(rest as u64));
        let at = (f64::from(LEFT + BARS + 24), f64::from(bottom - 6));
        canvas.text("dim", at, 12, Anchor::Start, &text);
    }
    bottom
}

/// What is said instead where none of so many locks cost time.
fn nothing(locks: usize) -> String {
    match locks {
        0 => "The trace holds no lock.".to_owned(),
        1 => "The one lock there is cost no time.".to_owned(),
        many => format!("None of {} locks cost time.", grouped(many as u64)),
    }
}

/// Whether it cost a thousandth of the run, on the path or in waiting.
fn is_worth_a_row(lock: &LockFigures, length: u64) -> bool {
    let cost = lock.critical_path_ns.max(lock.wait_ns);
    cost > 0 && cost >= length / 1000
}

fn legend(canvas: &mut Canvas, has_worst: bool, y: u32) {
    let mut x = f64::from(LEFT);
    let entries = [
        ("bar", "time on the critical path, in per cent of the run"),
        ("barworst", "that of the worst"),
        ("pale", "summed waiting (scale of its own)"),
    ];
    for (class, text) in entries {
        if class == "barworst" && !has_worst {
            continue;
        }
        canvas.rect(class, (x, f64::from(y) - 11.0), (18.0, 12.0), "");
        canvas.text("dim", (x + 24.0, f64::from(y)), 12, Anchor::Start, text);
        x += 24.0 + width_of(text, 12) + 18.0;
    }
}

fn label(canvas: &mut Canvas, view: &View<'_>, lock: &LockFigures, y: u32) {
    let (first, second) = (f64::from(y + 17), f64::from(y + 32));
    let room = f64::from(LEFT - MARGIN - 12);
    canvas.group(&format!(
        "{} {}, created at {}",
        lock.kind, lock.lock, lock.site
    ));
    let at = f64::from(LEFT - 10);
    canvas.text(
        "ink",
        (at, first),
        13,
        Anchor::End,
        &fit(&lock.lock, 13, room),
    );
    canvas.text("dim", (at, second), 11, Anchor::End, &lock.kind);
    let left = f64::from(LEFT + BARS + 24);
    let room = f64::from(WIDTH - MARGIN) - left;
    let on_path = match lock.critical_path_ns {
        0 => "not on the path".to_owned(),
        time => format!(
            "{} of the path ({})",
            percent(time, view.length),
            duration(time)
        ),
    };
    let place = match (lock.worst_site.as_str(), lock.site.as_str()) {
        ("?", "?") => "",
        ("?", created) => created,
        (worst, _) => worst,
    };
    let place = fit(place, 13, room - width_of(&on_path, 13) - 10.0);
    let texts = [("strong", on_path.as_str()), ("dim", place.as_str())];
    canvas.texts((left, first), 13, &texts);
    let figures = figures(lock, room);
    canvas.text("dim", (left, second), 12, Anchor::Start, &figures);
    canvas.end_group();
}

/// As many of the lock's figures as there is room for.
fn figures(lock: &LockFigures, room: f64) -> String {
    let mut text = match lock.contended {
        0 => format!(
            "never waited for in {} acquisitions",
            grouped(lock.acquisitions)
        ),
        contended => format!(
            "waited {}, in {} of {}",
            duration(lock.wait_ns),
            grouped(contended),
            grouped(lock.acquisitions)
        ),
    };
    let held = (lock.hold_ns > 0).then(|| format!("held {}", duration(lock.hold_ns)));
    let waited = lock.max_wait_ns;
    let longest = (waited > 0).then(|| format!("longest wait {}", duration(waited)));
    for part in [held, longest].into_iter().flatten() {
        let longer = format!("{text} \u{b7} {part}");
        if width_of(&longer, 12) > room {
            break;
        }
        text = longer;
    }
    text
}

fn plot(
    canvas: &mut Canvas,
    view: &View<'_>,
    locks: &[&LockFigures],
    limit: f64,
    top: u32,
) -> Result<(), Box<dyn std::error::Error>> {
    let rows = locks.len() as u32;
    let plot = Plot::new(canvas.buffer(), (LEFT, top), (BARS, rows * ROW + NUMBERS));
    let area = plot.into_drawing_area();
    let height = f64::from(rows);
    let axis = Axis {
        on_the_left: false,
        room: NUMBERS,
        most: 6,
        text: &percent_tick,
    };
    let mut chart = chart(&area, (0.0..limit, height..0.0), &axis)?;
    let most_waited = locks.iter().map(|lock| lock.wait_ns).max();
    let most_waited = most_waited.unwrap_or(0).max(1);
    for (place, lock) in locks.iter().enumerate() {
        let row = place as f64;
        let waited = lock.wait_ns as f64 / most_waited as f64 * limit;
        let on_path = lock.critical_path_ns as f64 / view.length as f64 * 100.0;
        let ink = if place == 0 { Ink::WorstBar } else { Ink::Bar };
        let pale = Rectangle::new(
            [(0.0, row + 0.08), (waited, row + 0.92)],
            Ink::Pale.color().filled(),
        );
        let bar = Rectangle::new(
            [(0.0, row + 0.28), (on_path, row + 0.72)],
            ink.color().filled(),
        );
        chart
            .draw_series([pale, bar])
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}
