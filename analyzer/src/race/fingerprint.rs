//! Stable names of races.

use crate::finding::{Race, Side};
use crate::fingerprint::{fingerprint, number};

/// Names `races`, which are in their order, after both sides' kinds and
/// sites. Races that would share a name (they differ in lines only) are
/// numbered.
pub(super) fn name(races: &mut [Race]) {
    for race in &mut *races {
        race.fingerprint = fingerprint([
            race.first.kind.as_str(),
            place(&race.first),
            &race.second.kind,
            place(&race.second),
        ]);
    }
    number(races.iter_mut().map(|race| &mut race.fingerprint));
}

/// The site, or what tells an unknown one apart.
fn place(side: &Side) -> &str {
    match side.site.as_str() {
        "?" => &side.location,
        site => site,
    }
}
