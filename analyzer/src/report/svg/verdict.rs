//! Panel 1: one sentence that says what held the run up, and three numbers.

use super::canvas::{Anchor, Canvas, fit, wrap};
use super::view::{MARGIN, View, WIDTH};
use crate::finding::{Findings, LockFigures};
use crate::report::numbers::{counted, duration, grouped, percent};

/// From this share of the critical path on, a lock is what held the run up.
const BLAMED: f64 = 0.1;
/// From this one on, the rest is not worth a word.
const HALF: f64 = 0.5;

/// Height of a tile.
const TILE: u32 = 76;

/// The sentence.
pub(super) fn sentence(view: &View<'_>) -> String {
    let length = view.length;
    let (mostly, time) = largest(view);
    let most = percent(time, length);
    let Some(lock) = view.worst() else {
        return format!("No lock is on the critical path: {most} of it is {mostly}.");
    };
    let name = fit(&lock.lock, 24, 480.0);
    let kind = &lock.kind;
    let within = percent(lock.critical_path_ns, length);
    let part = |time: u64| time as f64 / length as f64;
    let verb = match lock.hold_ns {
        0 => "is handing over through",
        _ => "lies inside",
    };
    if part(lock.critical_path_ns) < BLAMED {
        format!(
            "{most} of the critical path is {mostly}. No lock held the run up: \
             {name}, the worst, has {within}."
        )
    } else if part(lock.critical_path_ns) >= HALF {
        format!("{within} of the critical path {verb} {kind} {name}.")
    } else if part(time) >= HALF {
        format!("{most} of the critical path is {mostly}; {within} {verb} {kind} {name}.")
    } else {
        format!("{within} of the critical path {verb} {kind} {name}; {most} of it is {mostly}.")
    }
}

/// What the path mostly is, where it isn't a lock.
fn largest(view: &View<'_>) -> (&'static str, u64) {
    let time = view.contention.critical_path_time;
    let mut kinds = [
        ("running with no lock held", time.running_ns),
        ("sleep or I/O", time.outside_ns),
        ("not known to the trace", time.unknown_ns),
        ("hand-over between threads", time.handoff_ns),
        ("running with some lock held", time.holding_ns),
    ];
    kinds.sort_by_key(|(_, time)| std::cmp::Reverse(*time));
    kinds[0]
}

/// Draws the panel and tells where the next may begin.
pub(super) fn draw(canvas: &mut Canvas, view: &View<'_>, top: u32) -> u32 {
    let mut y = heading(canvas, view.findings, top);
    for line in wrap(&sentence(view), 24, f64::from(WIDTH - 2 * MARGIN)) {
        canvas.text(
            "strong",
            (f64::from(MARGIN), f64::from(y)),
            24,
            Anchor::Start,
            &line,
        );
        y += 32;
    }
    if let Some(lock) = view.worst() {
        let at = (f64::from(MARGIN), f64::from(y) - 4.0);
        canvas.text("ink", at, 14, Anchor::Start, &place(lock));
        y += 16;
    }
    draw_tiles(canvas, view, y);
    y + TILE
}

/// Where the lock that is to blame is in the source.
fn place(lock: &LockFigures) -> String {
    let site = |site: &str| fit(site, 14, 800.0);
    match (lock.worst_site.as_str(), lock.site.as_str()) {
        ("?", "?") => "Where that is in the source is not known.".to_owned(),
        ("?", created) => format!("Created at {}.", site(created)),
        (waited, _) if lock.hold_ns == 0 => {
            format!("Waited for longest at {}.", site(waited))
        }
        (taken, _) => format!("Held longest where it is taken at {}.", site(taken)),
    }
}

fn draw_tiles(canvas: &mut Canvas, view: &View<'_>, y: u32) {
    let gap = 16;
    let width = (WIDTH - 2 * MARGIN - 2 * gap) / 3;
    for (place, (class, number, text)) in tiles(view).iter().enumerate() {
        let x = MARGIN + place as u32 * (width + gap);
        let left = f64::from(x + 16);
        let size = (f64::from(width), f64::from(TILE));
        canvas.rect("card", (f64::from(x), f64::from(y)), size, "");
        canvas.text(class, (left, f64::from(y + 36)), 28, Anchor::Start, number);
        let text = fit(text, 13, f64::from(width - 24));
        canvas.text("dim", (left, f64::from(y + 60)), 13, Anchor::Start, &text);
    }
}

/// The line over the sentence: what was looked at.
pub(super) fn heading(canvas: &mut Canvas, findings: &Findings, top: u32) -> u32 {
    let trace = &findings.trace;
    let mut parts = vec![fit(&trace.file, 13, 600.0)];
    if let Some(length) = findings.contention.duration_ns {
        parts.push(duration(length));
    }
    parts.push(counted(trace.threads, "thread"));
    parts.push(counted(trace.events, "event"));
    if findings.contention.time_error_ns > 0 {
        let error = duration(findings.contention.time_error_ns);
        parts.push(format!("times are exact to {error}"));
    }
    parts.retain(|part| !part.is_empty());
    let text = parts.join("  \u{b7}  ");
    canvas.text(
        "dim",
        (f64::from(MARGIN), f64::from(top)),
        13,
        Anchor::Start,
        &text,
    );
    top + 38
}

/// Class, number and caption of the three tiles.
fn tiles(view: &View<'_>) -> [(&'static str, String, String); 3] {
    let running = format!("{:.1}", view.mean_running());
    let cpus = match view.findings.trace.cpus {
        0 => "threads running on average".to_owned(),
        1 => "threads running on average, on 1 CPU".to_owned(),
        cpus => format!("threads running on average, on {cpus} CPUs"),
    };
    let running = ("strong", running, cpus);
    match view.worst() {
        Some(lock) => [
            (
                "hot",
                duration(lock.critical_path_ns),
                format!(
                    "of {} within {}",
                    duration(view.length),
                    fit(&lock.lock, 13, 190.0)
                ),
            ),
            ("strong", duration(lock.wait_ns), waiting(lock)),
            running,
        ],
        None => {
            let waits = view.contention.threads.iter().map(|t| t.waiting_ns);
            let waited = waits.fold(0, u64::saturating_add);
            [
                (
                    "strong",
                    duration(view.length),
                    "from the first event to the last".to_owned(),
                ),
                (
                    "strong",
                    duration(waited),
                    "waited, by all threads together".to_owned(),
                ),
                running,
            ]
        }
    }
}

fn waiting(lock: &LockFigures) -> String {
    format!(
        "waited for it ({} of {} acquisitions)",
        grouped(lock.contended),
        grouped(lock.acquisitions)
    )
}
