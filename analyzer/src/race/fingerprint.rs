//! Stable names of races.

use std::collections::BTreeMap;

use crate::finding::{Race, Side};
use crate::fingerprint::fingerprint;

/// Names `races`, which are in their order, after both sides' kinds and
/// sites. Races that would share a name (they differ in lines only) are
/// numbered.
pub(super) fn name(races: &mut [Race]) {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for race in races {
        let name = fingerprint([
            race.first.kind.as_str(),
            place(&race.first),
            &race.second.kind,
            place(&race.second),
        ]);
        let count = seen.entry(name.clone()).or_default();
        *count += 1;
        race.fingerprint = match *count {
            1 => name,
            more => format!("{name}-{more}"),
        };
    }
}

/// The site, or what tells an unknown one apart.
fn place(side: &Side) -> &str {
    match side.site.as_str() {
        "?" => &side.location,
        site => site,
    }
}
