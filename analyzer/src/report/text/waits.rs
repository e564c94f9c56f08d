//! Who still waited at the end: where a program that hangs is stuck.

use std::collections::BTreeMap;
use std::io;

use super::{Page, holding};
use crate::finding::{EndWait, Findings};
use crate::report::numbers::{duration, grouped};
use crate::report::shown;

/// Threads named of those that wait alike.
const NAMES: usize = 3;

/// Lines shown.
const LINES: usize = 20;

/// What waits alike: kind, object, site, locks held.
type Alike<'a> = (&'a str, &'a str, &'a str, &'a [String]);

impl Page<'_> {
    /// A line for each object, place and set of held locks.
    pub(super) fn waits_at_end(&mut self, findings: &Findings) -> io::Result<()> {
        let mut groups: BTreeMap<Alike<'_>, Vec<&EndWait>> = BTreeMap::new();
        for wait in &findings.waits_at_end {
            let alike = (
                wait.kind.as_str(),
                wait.object.as_str(),
                wait.site.as_str(),
                wait.holds.as_slice(),
            );
            groups.entry(alike).or_default().push(wait);
        }
        if groups.is_empty() {
            return Ok(());
        }
        for waits in groups.values().take(LINES) {
            let label = self.style.strong("still waiting at the end");
            writeln!(self.out, "{label}: {}", line(waits))?;
        }
        let left_out: usize = groups.values().skip(LINES).map(Vec::len).sum();
        if left_out > 0 {
            let left_out = grouped(left_out as u64);
            writeln!(self.out, "... and {left_out} more: see --format json")?;
        }
        writeln!(self.out)
    }
}

/// What some threads that wait alike wait for.
fn line(waits: &[&EndWait]) -> String {
    let wait = waits[0];
    let names = waits.iter().take(NAMES);
    let names: Vec<String> = names.map(|w| format!("`{}`", shown(&w.thread))).collect();
    let mut threads = names.join(", ");
    if waits.len() > NAMES {
        let more = grouped((waits.len() - NAMES) as u64);
        threads += &format!(" and {more} more");
    }
    let what = match wait.object == wait.thread && wait.kind == "thread" {
        true => "to be unparked".to_owned(),
        false => format!("for {} `{}`", wait.kind, shown(&wait.object)),
    };
    let mut line = format!("{threads} {what} at {}", shown(&wait.site));
    if !wait.holds.is_empty() {
        line += &format!(", {}", holding(&wait.holds));
    }
    // How long is not known: a process that hangs records nothing any more.
    if let Some(since) = waits.iter().filter_map(|wait| wait.since_ns).min() {
        line += &format!(", since {} after the start", duration(since));
    }
    line
}
