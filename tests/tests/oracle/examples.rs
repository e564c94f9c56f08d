//! Examples and marks of races, against their definitions.
//!
//! The clocks are taken for granted here (the oracle judges them): every
//! access is compared with every other in replay order.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use hbtrace_analyzer::finding::{Race, Side};
use hbtrace_analyzer::order::{Clocks, Moment, Order};
use hbtrace_traces::event::Access;
use hbtrace_traces::trace::{Step, Trace};

/// An access, and its place in replay order.
struct Placed {
    place: usize,
    access: Access,
    moment: Moment,
}

type Key = (String, String, String);

/// Whether every race shows the least later access, for it the latest earlier
/// one, and the mark of a consequence.
pub(super) fn check(trace: &Trace, races: &[Race]) -> Result<(), String> {
    let placed = placed(trace);
    let examples = examples(trace, &placed);
    for race in races {
        let key = sides(key_of_side(&race.first), key_of_side(&race.second));
        let Some(&(earlier, later)) = examples.get(&key) else {
            return Err(format!("no example of {key:?}"));
        };
        let (earlier, later) = (&placed[earlier], &placed[later]);
        let shown = [told(&race.first), told(&race.second)];
        let mut expected = [text(trace, earlier), text(trace, later)];
        if key_of(trace, earlier) > key_of(trace, later) {
            expected.reverse();
        }
        // Unknown sites sort by where their bytes lie, not by the text.
        let mut other_way = expected.clone();
        other_way.reverse();
        let unknown = race.first.site == "?" && race.second.site == "?";
        if shown != expected && !(unknown && shown == other_way) {
            return Err(format!("shows {shown:?}, not {expected:?}"));
        }
        let explained = examples.values().any(|(w, r)| {
            let (w, r) = (&placed[*w], &placed[*r]);
            (w.place, r.place) != (earlier.place, later.place)
                && matches!(w.access.kind.name(), "write" | "atomic write")
                && matches!(r.access.kind.name(), "read" | "atomic read")
                && is_or_precedes(earlier, w)
                && is_or_precedes(r, later)
        });
        if explained != race.consequence {
            return Err(format!("the mark of {key:?} should be {explained}"));
        }
    }
    Ok(())
}

fn placed(trace: &Trace) -> Vec<Placed> {
    let mut clocks = Clocks::new(trace, Order::HappensBefore);
    let mut placed = Vec::new();
    for step in &trace.steps {
        let epoch = clocks.step(*step);
        let moment = clocks.moment(*step, epoch);
        let mut add = |access: Access| {
            placed.push(Placed {
                place: placed.len(),
                access,
                moment: moment.clone(),
            });
        };
        match *step {
            Step::Accesses { thread, from, to } => {
                trace.accesses(thread, from..to, |_, access| add(access));
            }
            Step::Sync { thread, index } => {
                if let Some(access) = trace.access_of(thread, index) {
                    add(access);
                }
            }
        }
    }
    placed
}

fn is_or_precedes(one: &Placed, other: &Placed) -> bool {
    match one.moment.thread == other.moment.thread {
        true => one.place <= other.place,
        false => one.moment.happens_before(&other.moment),
    }
}

fn races(earlier: &Placed, later: &Placed) -> bool {
    let (a, b) = (&earlier.access, &later.access);
    earlier.moment.thread != later.moment.thread
        && a.location.overlaps(b.location)
        && (a.kind.writes() || b.kind.writes())
        && !(a.kind.is_atomic() && b.kind.is_atomic() && a.location == b.location)
        && !earlier.moment.happens_before(&later.moment)
}

/// For every racy pair of sides, the earlier and the later access.
fn examples(trace: &Trace, placed: &[Placed]) -> BTreeMap<(Key, Key), (usize, usize)> {
    let mut examples = BTreeMap::new();
    for later in placed {
        for earlier in &placed[..later.place] {
            if races(earlier, later) {
                let key = sides(key_of(trace, earlier), key_of(trace, later));
                let new = (later.place, Reverse(earlier.place));
                let best = examples.entry(key).or_insert(new);
                *best = new.min(*best);
            }
        }
    }
    let as_pair = |(key, (later, Reverse(earlier)))| (key, (earlier, later));
    examples.into_iter().map(as_pair).collect()
}

fn sides(one: Key, other: Key) -> (Key, Key) {
    match one <= other {
        true => (one, other),
        false => (other, one),
    }
}

fn key_of(trace: &Trace, placed: &Placed) -> Key {
    let site = trace.site_text(placed.access.site).to_owned();
    let location = match site == "?" {
        true => trace.location_text(placed.access.location),
        false => String::new(),
    };
    (site, placed.access.kind.name().to_owned(), location)
}

fn key_of_side(side: &Side) -> Key {
    let location = match side.site == "?" {
        true => side.location.clone(),
        false => String::new(),
    };
    (side.site.clone(), side.kind.clone(), location)
}

fn told(side: &Side) -> (String, String) {
    (side.thread.clone(), side.location.clone())
}

fn text(trace: &Trace, placed: &Placed) -> (String, String) {
    (
        trace.threads[placed.moment.thread.index()].name.clone(),
        trace.location_text(placed.access.location),
    )
}
