//! Stable names of races.

use hbtrace_traces::id::Location;
use hbtrace_traces::trace::Trace;

use super::found::Finding;
use crate::finding::{Race, Side};
use crate::fingerprint::{fingerprint, number, own_name, without_lines};

/// Names `races`, which are in their order, after both sides' kinds and files,
/// and what their `findings` are about. Races that would share a name (they
/// differ in lines only) are numbered.
pub(super) fn name(trace: &Trace, findings: &[Finding], races: &mut [Race]) {
    for (race, finding) in races.iter_mut().zip(findings) {
        // Which line sorts first may change by an edit, so the sides are put
        // in an order that knows no lines.
        let mut sides = [&race.first, &race.second].map(side);
        sides.sort();
        let about = about(trace, finding);
        let parts = sides.iter().flatten().map(String::as_str);
        race.fingerprint = fingerprint(parts.chain([about.as_str()]));
    }
    number(races.iter_mut().map(|race| &mut race.fingerprint));
}

fn side(side: &Side) -> [String; 2] {
    [side.kind.clone(), without_lines(&side.site)]
}

/// The least name that a location of the finding has of its own. (The one of
/// the example depends on who came first.)
fn about(trace: &Trace, finding: &Finding) -> String {
    let objects = finding.locations.iter().filter_map(|(start, end)| {
        let location = Location {
            start: *start,
            len: end - start,
        };
        trace.objects.get(location.object()?.index())
    });
    let names = objects.map(|object| own_name(&object.name));
    names.min().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use hbtrace_traces::{read, text};

    fn names(trace: &str) -> Vec<String> {
        let trace = trace.replace(' ', "\n");
        let options = read::Options::default();
        let trace = text::parse(Path::new("x.std"), trace.as_bytes(), options);
        let races = super::super::analyze(&trace.expect("the trace is well-formed"));
        races.into_iter().map(|race| race.fingerprint).collect()
    }

    #[test]
    fn a_baseline_does_not_hide_a_new_race_in_the_same_file() {
        let old = names("A|w(hits)|a.rs:3:1 B|w(hits)|a.rs:3:1");
        let both =
            names("A|w(hits)|a.rs:3:1 B|w(hits)|a.rs:3:1 A|w(size)|a.rs:1:1 B|w(size)|a.rs:1:1");
        assert_eq!((old.len(), both.len()), (1, 2));
        assert!(both.contains(&old[0]), "{old:?} {both:?}");
    }

    #[test]
    fn lines_addresses_and_elements_do_not_count() {
        let old = names("A|w(hits[3])|a.rs:9:1 B|r(hits[3])|a.rs:10:1");
        assert_eq!(names("A|w(hits[5])|a.rs:10:1 C|r(hits[5])|a.rs:11:1"), old);
        let old = names("A|w(0x10:8)|a.rs:9:1 B|r(0x10:8)|?");
        assert_eq!(names("A|w(0x20:8)|a.rs:9:1 B|r(0x20:8)|?"), old);
    }
}
