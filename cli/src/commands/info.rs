//! `hbtrace info`.

use std::io;

use hbtrace_analyzer::figures::figures;
use hbtrace_analyzer::finding::TraceFigures;
use hbtrace_analyzer::report::{duration, grouped, shown};
use hbtrace_traces::trace::{Info, Trace, WhoRecords};

use crate::arguments::Input;
use crate::exit_codes;
use crate::failure::Failure;
use crate::output;
use crate::terminal::Terminal;

pub(super) fn run(input: &Input, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
    let trace = super::open(input)?;
    super::warn(&trace.info.warnings, terminal);
    let figures = figures(&trace);
    trace.check_read()?;
    output::to_stdout(terminal, |out| write(out, &trace, &figures))?;
    Ok(exit_codes::OK)
}

fn write(out: &mut dyn io::Write, trace: &Trace, figures: &TraceFigures) -> io::Result<()> {
    let mut row = |label: &str, text: &str| writeln!(out, "{:<13}{}", label, shown(text));
    row("file", &figures.file)?;
    row("format", &figures.format)?;
    row("state", &state(figures, &trace.info))?;
    if figures.flight {
        row("recording", "flight: what happened last")?;
    }
    if let Some(pool) = trace.info.short_pool {
        row("pool", &pool.to_string())?;
    }
    if figures.flight || figures.verdicts_to_ns.is_some() {
        row("verdicts", &verdicts(figures))?;
    }
    sizes(&trace.info, &mut row)?;
    origin(&trace.info, &mut row)?;
    let lasted = figures.duration_ns.map(lasted);
    row("duration", lasted.as_deref().unwrap_or("no times"))?;
    row("events", &grouped(figures.events))?;
    row("accesses", &grouped(figures.accesses))?;
    row("sync events", &grouped(figures.sync_events))?;
    row("lost events", &grouped(figures.lost_events))?;
    row("locations", &grouped(figures.locations))?;
    row("objects", &grouped(figures.objects))?;
    row("sites", &grouped(figures.sites))?;
    row("threads", &grouped(figures.threads))?;
    for thread in &trace.threads {
        let os_id = match thread.os_id {
            0 => String::new(),
            id => format!(", OS id {id}"),
        };
        let foreign = if thread.foreign {
            ", not created under the recorder"
        } else {
            ""
        };
        row("", &format!("{}{os_id}{foreign}", thread.name))?;
    }
    Ok(())
}

/// Bytes of a recorded trace, and of the file that it is packed in.
fn sizes(info: &Info, row: &mut impl FnMut(&str, &str) -> io::Result<()>) -> io::Result<()> {
    if info.file_len != 0 {
        row("bytes", &grouped(info.file_len))?;
    }
    if let Some(packed) = info.packed_len {
        row("packed", &format!("{} bytes", grouped(packed)))?;
    }
    Ok(())
}

/// What is known of the recorded process; nothing of an imported trace.
fn origin(info: &Info, row: &mut impl FnMut(&str, &str) -> io::Result<()>) -> io::Result<()> {
    if !info.arguments.is_empty() {
        row("program", &info.arguments.join(" "))?;
    }
    if info.pid != 0 {
        row("process", &info.pid.to_string())?;
    }
    if info.start_utc_ns != 0 {
        row("started", &utc(info.start_utc_ns))?;
    }
    if info.cpus != 0 {
        row("CPUs", &info.cpus.to_string())?;
    }
    if info.helper_ns != 0 {
        row("helper", &helper(info))?;
    }
    if info.waited_ms != 0 {
        let waited = duration(u64::from(info.waited_ms) * 1_000_000);
        row("waited", &format!("{waited} for room in the file"))?;
    }
    Ok(())
}

/// What the recorder's own thread has cost.
fn helper(info: &Info) -> String {
    let time = duration(info.helper_ns);
    match info.chunks_behind {
        0 => format!("{time} of CPU"),
        behind => format!(
            "{time} of CPU, too late for {} chunks",
            grouped(behind.into())
        ),
    }
}

/// `5.14 s (5,137,984,614 ns)`.
fn lasted(ns: u64) -> String {
    match ns {
        0..1_000 => duration(ns),
        _ => format!("{} ({} ns)", duration(ns), grouped(ns)),
    }
}

/// How whole it is; what was lost stands beside.
fn state(figures: &TraceFigures, info: &Info) -> String {
    let pid = info.pid;
    let ended = match info.who_records {
        WhoRecords::Process => format!("being recorded by process {pid}, which is alive"),
        _ if figures.truncated => "truncated: recorded events are missing".to_owned(),
        WhoRecords::Elsewhere => {
            format!("open: a copy, made while process {pid} recorded, which is alive")
        }
        WhoRecords::Dead => format!("open: process {pid} died before it closed it"),
        WhoRecords::Nobody if figures.complete => "complete".to_owned(),
        WhoRecords::Nobody => "open: the recorder had not closed it".to_owned(),
    };
    match (info.lost_events, info.lost_sync_events) {
        (0, _) => ended,
        (lost, 0) => format!("{ended}, but {} accesses were lost", grouped(lost)),
        (lost, sync) => format!(
            "{ended}, but {} events were lost, {} of them synchronisation",
            grouped(lost),
            grouped(sync)
        ),
    }
}

/// From when to when verdicts hold.
fn verdicts(figures: &TraceFigures) -> String {
    let at = |ns: u64| format!("{} after the start", duration(ns));
    let from = figures.verdicts_from_ns.map(at);
    let to = figures.verdicts_to_ns.map(at);
    if let (Some(from), Some(to)) = (&from, &to)
        && figures.verdicts_from_ns > figures.verdicts_to_ns
    {
        return format!("nowhere: they would hold from {from} on, but no later than {to}");
    }
    let (from, to) = (from.as_deref(), to.as_deref());
    let (from, to) = (from.unwrap_or("the start"), to.unwrap_or("the end"));
    format!("from {from} to {to}")
}

/// `2026-01-31 23:59:59 UTC`, by Howard Hinnant's `civil_from_days`.
fn utc(ns: u64) -> String {
    let seconds = ns / 1_000_000_000;
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    let since_era = days + 719_468;
    let (era, day) = (since_era / 146_097, since_era % 146_097);
    let year_of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

#[cfg(test)]
mod tests {
    use super::{lasted, utc};

    #[test]
    fn durations_are_told_short_and_exactly() {
        assert_eq!(lasted(999), "999 ns");
        assert_eq!(lasted(5_137_984_614), "5.14 s (5,137,984,614 ns)");
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(utc(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(utc(951_782_400_000_000_000), "2000-02-29 00:00:00 UTC");
        assert_eq!(utc(1_769_903_999_000_000_000), "2026-01-31 23:59:59 UTC");
    }
}
