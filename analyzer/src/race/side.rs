//! Sides of a race, comparable as reports show them.

use hbtrace_traces::event::AccessKind;
use hbtrace_traces::id::{Location, SiteId};
use hbtrace_traces::trace::Trace;
use rustc_hash::FxHashMap;

use super::visit::Event;

/// A (site, kind). Ordered as (text of the site, name of the kind); an
/// unknown site is told apart by its location.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Side {
    rank: u32,
    kind: AccessKind,
    location: Option<(u64, u64)>,
}

/// The sites of a trace, ranked by text. Several ids may have one text.
#[derive(Debug)]
pub(super) struct Sides {
    ranks: FxHashMap<SiteId, u32>,
    unknown: u32,
}

/// What an unknown site is shown as.
const UNKNOWN: &str = "?";

impl Sides {
    pub(super) fn new(trace: &Trace) -> Sides {
        let mut texts: Vec<&str> = trace.sites.iter().map(|(_, site)| &*site.text).collect();
        texts.push(UNKNOWN);
        texts.sort_unstable();
        texts.dedup();
        let rank = |text: &str| texts.binary_search(&text).unwrap_or(0) as u32;
        Sides {
            ranks: trace
                .sites
                .iter()
                .map(|(id, site)| (*id, rank(&site.text)))
                .collect(),
            unknown: rank(UNKNOWN),
        }
    }

    /// The side that an access is on.
    pub(super) fn of(&self, event: &Event) -> Side {
        let rank = self.ranks.get(&event.site).copied();
        let rank = rank.unwrap_or(self.unknown);
        let Location { start, len } = event.location;
        Side {
            rank,
            kind: event.kind,
            location: (rank == self.unknown).then_some((start, len)),
        }
    }
}
