//! How large and how whole a trace is.
//!
//! `events` is the sum of `accesses` (plain reads and writes) and
//! `sync_events` (all else: atomic operations and frees too). `objects` are
//! those that threads synchronise on. `locations` and `sites` are the distinct
//! ones that occur in events. Counting the distinct ones takes one walk over
//! the accesses, in parallel, and memory for the distinct ones only.

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use hbtrace_traces::id::{Location, SiteId};
use hbtrace_traces::trace::{ObjectKind, Step, Trace};

use crate::finding::TraceFigures;

/// Steps that one worker counts at a time.
const STEPS: usize = 1 << 14;

#[derive(Default)]
struct Count {
    accesses: u64,
    locations: FxHashSet<Location>,
    sites: FxHashSet<SiteId>,
    last_site: Option<SiteId>,
}

impl Count {
    fn of(trace: &Trace, steps: &[Step]) -> Count {
        let mut count = Count::default();
        for step in steps {
            match *step {
                Step::Accesses { thread, from, to } => {
                    trace.accesses(thread, from..to, |_, access| {
                        count.accesses += 1;
                        count.locations.insert(access.location);
                        count.site(access.site);
                    });
                }
                Step::Sync { thread, index } => {
                    let event = trace.sync(thread, index);
                    count.site(event.site);
                    if let Some(access) = trace.access_of(thread, index) {
                        count.locations.insert(access.location);
                    }
                }
            }
        }
        count
    }

    fn site(&mut self, site: SiteId) {
        if self.last_site != Some(site) {
            self.last_site = Some(site);
            self.sites.insert(site);
        }
    }

    fn join(mut self, mut other: Count) -> Count {
        if self.locations.len() + self.sites.len() < other.locations.len() + other.sites.len() {
            std::mem::swap(&mut self, &mut other);
        }
        self.accesses += other.accesses;
        self.locations.extend(other.locations);
        self.sites.extend(other.sites);
        self
    }
}

/// The figures of a replayed trace.
#[must_use]
pub fn figures(trace: &Trace) -> TraceFigures {
    let mut count = trace
        .steps
        .par_chunks(STEPS)
        .map(|steps| Count::of(trace, steps))
        .reduce(Count::default, Count::join);
    count.sites.remove(&SiteId::UNKNOWN);
    let sync_events = trace.sync_events();
    let info = &trace.info;
    TraceFigures {
        file: info.file.display().to_string(),
        format: info.format.to_owned(),
        threads: trace.threads.len() as u64,
        events: count.accesses + sync_events,
        accesses: count.accesses,
        sync_events,
        objects: trace
            .objects
            .iter()
            .filter(|o| synchronises(o.kind))
            .count() as u64,
        locations: count.locations.len() as u64,
        sites: count.sites.len() as u64,
        duration_ns: info.time.map(|(first, last)| last.saturating_sub(first)),
        cpus: info.cpus,
        complete: info.complete,
        lost_events: info.lost_events,
        truncated: info.truncated,
        flight: info.flight,
        verdicts_from_ns: info.verdicts_from,
        verdicts_to_ns: info.verdicts_to,
    }
}

fn synchronises(kind: ObjectKind) -> bool {
    !matches!(
        kind,
        ObjectKind::Cell | ObjectKind::Block | ObjectKind::Label | ObjectKind::Name
    )
}
