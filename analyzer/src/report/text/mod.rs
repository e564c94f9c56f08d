//! The report for people, in the manner of rustc's messages.
//!
//! Each finding has a heading, both sides with their source lines where the
//! source is at hand, and notes: locks held, why nothing orders the sides, how
//! often. Then contention, its verdict first, the warnings, and a summary in
//! one line. Names come from the trace, which nobody vouches for: control
//! characters are shown as escapes.

mod contention;
mod snippet;
mod style;
mod waits;

use std::cmp::Ordering;
use std::io;

use super::numbers::{counted, grouped};
use super::{RenderOptions, shown};
use crate::finding::{CycleStep, Deadlock, Findings, Race, Side};
use snippet::Sources;
use style::Style;

/// Where a report is written to, with what it needs on the way.
struct Page<'a> {
    out: &'a mut dyn io::Write,
    style: Style,
    sources: Sources,
}

/// Writes the report.
pub(super) fn render(
    findings: &Findings,
    out: &mut dyn io::Write,
    options: &RenderOptions,
) -> io::Result<()> {
    let mut page = Page {
        out,
        style: Style::new(options.color),
        sources: Sources::new(&options.source_root),
    };
    for race in &findings.races {
        page.race(race)?;
    }
    for deadlock in &findings.deadlocks {
        page.deadlock(deadlock)?;
    }
    page.waits_at_end(findings)?;
    page.contention(findings)?;
    for warning in &findings.warnings {
        let label = page.style.warning("warning");
        writeln!(page.out, "{label}: {}", shown(warning))?;
    }
    if !findings.warnings.is_empty() {
        writeln!(page.out)?;
    }
    page.summary(findings)
}

impl Page<'_> {
    fn race(&mut self, race: &Race) -> io::Result<()> {
        let place = common_location(race);
        let title = format!("{} of {place} are not ordered", both_kinds(race));
        self.heading("race", &title)?;
        for side in [&race.first, &race.second] {
            let label = side_label(side);
            self.snippet(&side.site, side.function.as_deref(), &label)?;
            self.frames(side)?;
        }
        for reason in &race.why {
            self.note("why", &shown(reason))?;
        }
        if race.locations > 1 || race.pairs > 1 {
            let locations = counted(race.locations, "location");
            let pairs = counted(race.pairs, "pair");
            self.note(
                "note",
                &format!("{locations}, {pairs} of location and threads"),
            )?;
        }
        for side in [&race.first, &race.second] {
            if side.foreign_thread {
                let thread = shown(&side.thread);
                let doubt = "was not created under the recorder: an order that its creator, \
                             or a join of it, gave is not known";
                self.note("note", &format!("thread `{thread}` {doubt}"))?;
            }
        }
        if race.consequence {
            self.note("note", "may be a consequence of another race")?;
        }
        self.note("fingerprint", &race.fingerprint)?;
        writeln!(self.out)
    }

    /// The functions around the one that a side's site is in.
    fn frames(&mut self, side: &Side) -> io::Result<()> {
        let ending = format!(" at {}", side.site);
        let own = side.stack.iter().position(|frame| frame.ends_with(&ending));
        let own = own.unwrap_or(0);
        for (at, frame) in side.stack.iter().enumerate() {
            match at.cmp(&own) {
                Ordering::Less => self.note("within", &shown(frame))?,
                Ordering::Equal => (),
                Ordering::Greater => self.note("called from", &shown(frame))?,
            }
        }
        Ok(())
    }

    fn deadlock(&mut self, deadlock: &Deadlock) -> io::Result<()> {
        let threads = deadlock.cycle.len() as u64;
        let title = match (deadlock.actual, threads) {
            (true, 1) => "a thread waits for itself at the end of the trace".to_owned(),
            (true, _) => format!("{threads} threads wait for each other at the end of the trace"),
            (false, _) => format!("{threads} threads could wait for each other"),
        };
        let label = if deadlock.actual {
            "deadlock"
        } else {
            "potential deadlock"
        };
        self.heading(label, &title)?;
        for (at, step) in deadlock.cycle.iter().enumerate() {
            let next = &deadlock.cycle[(at + 1) % deadlock.cycle.len()];
            self.cycle_step(step, next, deadlock.actual)?;
        }
        self.note("fingerprint", &deadlock.fingerprint)?;
        writeln!(self.out)
    }

    fn cycle_step(&mut self, step: &CycleStep, next: &CycleStep, actual: bool) -> io::Result<()> {
        let wants = if actual { "waits for" } else { "acquires" };
        let side = if step.acquires_shared {
            "the shared side of "
        } else {
            ""
        };
        let label = format!(
            "thread `{}` {wants} {side}`{}`, {}",
            shown(&step.thread),
            shown(&step.acquires),
            holding(&step.holds),
        );
        self.snippet(&step.site, None, &label)?;
        let (wanted, holder) = (shown(&step.acquires), shown(&next.thread));
        if next.holds.contains(&step.acquires) {
            let since = shown(&next.holds_since);
            let how = if next.holds_shared { ", shared," } else { "," };
            self.note(
                "held",
                &format!("`{wanted}` by thread `{holder}`{how} taken at {since}"),
            )?;
        }
        let is_kept_out = next.holds.contains(&step.acquires) && !next.holds_shared;
        if step.acquires_shared && !is_kept_out {
            let text = format!(
                "a reader of `{wanted}` may have to wait behind the request of thread \
                 `{holder}` for the exclusive side, at {}",
                shown(&next.site)
            );
            self.note("note", &text)?;
        }
        Ok(())
    }

    fn heading(&mut self, label: &str, title: &str) -> io::Result<()> {
        let label = self.style.fault(label);
        let title = self.style.strong(&format!(": {title}"));
        writeln!(self.out, "{label}{title}")
    }

    fn note(&mut self, label: &str, text: &str) -> io::Result<()> {
        let mark = self.style.frame("   =");
        let label = self.style.strong(label);
        writeln!(self.out, "{mark} {label}: {text}")
    }

    fn summary(&mut self, findings: &Findings) -> io::Result<()> {
        let trace = &findings.trace;
        let actual = findings.deadlocks.iter().filter(|d| d.actual).count() as u64;
        let all = findings.deadlocks.len() as u64;
        let mut deadlocks = counted(all, "deadlock");
        if all > 0 {
            deadlocks += &format!(" ({actual} actual, {} potential)", all - actual);
        }
        let races = counted(findings.races.len() as u64, "race");
        let verdict = format!("{races}, {deadlocks}");
        let verdict = if findings.races.is_empty() && all == 0 {
            self.style.good(&verdict)
        } else {
            self.style.fault(&verdict)
        };
        let accesses = match trace.accesses {
            1 => "1 access".to_owned(),
            accesses => format!("{} accesses", grouped(accesses)),
        };
        writeln!(
            self.out,
            "{verdict} in {} ({accesses}, {} sync, {} lost) of {}: {}",
            counted(trace.events, "event"),
            grouped(trace.sync_events),
            grouped(trace.lost_events),
            counted(trace.threads, "thread"),
            shown(&trace.file),
        )
    }
}

/// The location, or both if the sides touch different ones.
fn common_location(race: &Race) -> String {
    let (first, second) = (shown(&race.first.location), shown(&race.second.location));
    if first == second {
        format!("`{first}`")
    } else {
        format!("`{first}` and `{second}`")
    }
}

fn side_label(side: &Side) -> String {
    format!(
        "{} of `{}` by thread `{}`, {}",
        side.kind,
        shown(&side.location),
        shown(&side.thread),
        holding(&side.held),
    )
}

fn holding(locks: &[String]) -> String {
    if locks.is_empty() {
        return "holding no lock".to_owned();
    }
    let names: Vec<String> = locks
        .iter()
        .map(|lock| format!("`{}`", shown(lock)))
        .collect();
    format!("holding {}", names.join(", "))
}

fn both_kinds(race: &Race) -> String {
    let (first, second) = (&race.first.kind, &race.second.kind);
    if first == second {
        return format!("two {first}s");
    }
    let article = if first.starts_with('a') { "an" } else { "a" };
    let second_article = if second.starts_with('a') { "an" } else { "a" };
    format!("{article} {first} and {second_article} {second}")
}
