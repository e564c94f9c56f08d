//! Findings with names and circumstances.

use hbtrace_traces::id::{ObjectId, SiteId};
use hbtrace_traces::trace::Trace;

use super::found::{Example, Finding, Found};
use super::scene::{Scene, Scenes};
use super::side::Sides;
use super::visit::Event;
use super::{consequence, fingerprint, why};
use crate::finding::{Race, Side};

/// The races of what was `found`, in the order of their sides.
pub(super) fn races(trace: &Trace, sides: &Sides, found: Found) -> Vec<Race> {
    let findings: Vec<Finding> = found.findings.into_values().collect();
    let examples: Vec<Example> = findings.iter().map(|finding| finding.example).collect();
    let steps = examples
        .iter()
        .flat_map(|example| [example.earlier.place.step, example.later.place.step]);
    let scenes = Scenes::gather(trace, steps);
    let consequences = consequence::marks(&examples, &scenes);
    let mut reasons = why::Reasons::new(trace);
    let mut races: Vec<Race> = findings
        .iter()
        .zip(consequences)
        .map(|(finding, consequence)| Race {
            consequence,
            ..race(trace, sides, &scenes, finding, &mut reasons)
        })
        .collect();
    fingerprint::name(trace, &findings, &mut races);
    races
}

fn race(
    trace: &Trace,
    sides: &Sides,
    scenes: &Scenes,
    finding: &Finding,
    reasons: &mut why::Reasons<'_>,
) -> Race {
    let Example { earlier, later } = &finding.example;
    let (first_scene, second_scene) = (scenes.of(earlier), scenes.of(later));
    let why = match (&first_scene, &second_scene) {
        (Some(first), Some(second)) => reasons.why((earlier, first), (later, second)),
        _ => Vec::new(),
    };
    let mut first = side(trace, earlier, first_scene.as_ref());
    let mut second = side(trace, later, second_scene.as_ref());
    if sides.of(earlier) > sides.of(later) {
        std::mem::swap(&mut first, &mut second);
    }
    Race {
        fingerprint: String::new(),
        first,
        second,
        locations: finding.locations.len() as u64,
        pairs: finding.pairs.len(),
        consequence: false,
        why,
    }
}

/// The function that a site's own place is in.
fn function(trace: &Trace, site: SiteId) -> Option<String> {
    let (frames, place) = (trace.frames(site), trace.site_text(site));
    let own = frames.iter().find(|frame| frame.place == place);
    own.or(frames.first()).map(|frame| frame.function.clone())
}

/// The functions of a site, each with the place in it.
fn stack(trace: &Trace, site: SiteId) -> Vec<String> {
    let frames = trace.frames(site).iter();
    frames
        .map(|frame| format!("{} at {}", frame.function, frame.place))
        .collect()
}

fn side(trace: &Trace, event: &Event, scene: Option<&Scene>) -> Side {
    let thread = &trace.threads[event.thread.index()];
    let name = |object: &ObjectId| match trace.objects.get(object.index()) {
        Some(object) => object.name.clone(),
        None => format!("object#{}", object.0),
    };
    Side {
        kind: event.kind.name().to_owned(),
        site: trace.site_text(event.site).to_owned(),
        thread: thread.name.clone(),
        location: trace.location_text(event.location),
        held: scene.map_or_else(Vec::new, |scene| scene.held.iter().map(name).collect()),
        function: function(trace, event.site),
        stack: stack(trace, event.site),
        foreign_thread: thread.foreign,
    }
}
