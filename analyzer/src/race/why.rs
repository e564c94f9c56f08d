//! Why nothing orders two accesses: the nearest sync events of both threads.
//!
//! The sentences go from the access that comes earlier in replay order to the
//! later one, which need not be the order in which a report shows the sides;
//! so each names its access by kind and site.

use hbtrace_traces::event::SyncEvent;
use hbtrace_traces::id::ThreadId;
use hbtrace_traces::kind::{Effect, Slot};
use hbtrace_traces::object::ObjectKind;
use hbtrace_traces::trace::Trace;

use super::scene::Scene;
use super::visit::Event;

/// Sync events of a thread that are looked through for a remark.
const NEAR: usize = 4096;

/// Says why, for many pairs of one trace.
pub(super) struct Reasons<'t> {
    trace: &'t Trace,
    threads: Vec<Option<Ends>>,
}

/// Indices of the sync events of a thread that are an end of an edge. The
/// nearest one is looked up, however many events lie between.
struct Ends {
    publish: Vec<usize>,
    acquire: Vec<usize>,
}

impl Ends {
    fn of(sync: &[SyncEvent]) -> Ends {
        let which = |end: fn(&SyncEvent) -> Option<&Effect>| {
            let ends = sync.iter().enumerate();
            ends.filter(|(_, event)| end(event).is_some())
                .map(|(index, _)| index)
                .collect()
        };
        Ends {
            publish: which(publishing),
            acquire: which(acquiring),
        }
    }

    /// The first event from `index` on that publishes.
    fn published_from(&self, index: usize) -> Option<usize> {
        let at = self.publish.partition_point(|end| *end < index);
        self.publish.get(at).copied()
    }

    /// The last event before `index` that acquires.
    fn acquired_before(&self, index: usize) -> Option<usize> {
        let at = self.acquire.partition_point(|end| *end < index);
        self.acquire[..at].last().copied()
    }
}

impl<'t> Reasons<'t> {
    pub(super) fn new(trace: &'t Trace) -> Reasons<'t> {
        let threads = trace.streams.iter().map(|_| None).collect();
        Reasons { trace, threads }
    }

    fn ends(&mut self, event: &Event) -> &Ends {
        let at = event.thread.index();
        self.threads[at].get_or_insert_with(|| Ends::of(&self.trace.streams[at].sync))
    }

    /// Sentences on why `earlier` does not happen before `later`.
    pub(super) fn why(
        &mut self,
        (earlier, earlier_scene): (&Event, &Scene),
        (later, later_scene): (&Event, &Scene),
    ) -> Vec<String> {
        let trace = self.trace;
        let one = Side::new(trace, earlier);
        let other = Side::new(trace, later);
        let after = &one.sync[earlier_scene.after.min(one.sync.len())..];
        let (before, rest) = other
            .sync
            .split_at(later_scene.before.min(other.sync.len()));

        let published = self
            .ends(earlier)
            .published_from(earlier_scene.after)
            .map(|index| &one.sync[index]);
        let acquired = self
            .ends(later)
            .acquired_before(later_scene.before)
            .map(|index| &other.sync[index]);
        let mut sentences = vec![
            after_it(trace, &one, published),
            before_it(trace, &other, acquired),
        ];
        sentences.extend(published.and_then(|event| too_late(trace, &other, event, rest)));
        sentences.extend(relaxed(trace, (&one, after), (&other, before)));
        sentences.push(format!(
            "no chain of releases and acquires leads from {}'s {} to {}'s {}, nor back",
            one.name, one.kind, other.name, other.kind
        ));
        sentences
    }
}

/// A thread of the pair.
struct Side<'t> {
    name: &'t str,
    kind: &'static str,
    site: &'t str,
    sync: &'t [SyncEvent],
}

impl<'t> Side<'t> {
    fn new(trace: &'t Trace, event: &Event) -> Side<'t> {
        Side {
            name: &trace.threads[event.thread.index()].name,
            kind: event.kind.name(),
            site: trace.site_text(event.site),
            sync: &trace.streams[event.thread.index()].sync,
        }
    }
}

/// What the first thread publishes next.
fn after_it(trace: &Trace, one: &Side<'_>, published: Option<&SyncEvent>) -> String {
    let after = format!("after its {} at {}, {}", one.kind, one.site, one.name);
    match published.and_then(|event| Some((publishes(trace, event)?, event))) {
        Some((what, event)) => format!("{after} {what} at {}", trace.site_text(event.site)),
        None => format!("{after} publishes nothing"),
    }
}

/// What the second thread acquired last.
fn before_it(trace: &Trace, other: &Side<'_>, acquired: Option<&SyncEvent>) -> String {
    let before = format!(
        "before its {} at {}, {}",
        other.kind, other.site, other.name
    );
    match acquired.and_then(|event| Some((acquires(trace, event)?, event))) {
        Some((what, event)) => format!("{before} last {what} at {}", trace.site_text(event.site)),
        None => format!("{before} acquires nothing"),
    }
}

/// The other thread acquires what was published, but behind its access.
fn too_late(
    trace: &Trace,
    other: &Side<'_>,
    published: &SyncEvent,
    rest: &[SyncEvent],
) -> Option<String> {
    let object = published_object(published)?;
    let (what, event) = rest.iter().take(NEAR).find_map(|event| {
        let same = acquired_object(event) == Some(object);
        same.then(|| Some((acquires(trace, event)?, event)))?
    })?;
    Some(format!(
        "{} {what} only after its own access, at {}",
        other.name,
        trace.site_text(event.site)
    ))
}

/// An atomic passes from the one to the other, but one end of it is relaxed.
fn relaxed(
    trace: &Trace,
    (one, after): (&Side<'_>, &[SyncEvent]),
    (other, before): (&Side<'_>, &[SyncEvent]),
) -> Option<String> {
    let reads = before.iter().rev().take(64).filter(|event| reads(event));
    for read in reads {
        let writes = after.iter().take(64).filter(|event| writes(event));
        for write in writes.filter(|write| write.object == read.object) {
            if !write.order.releases() {
                return Some(relaxed_end(trace, one, "store to", write));
            }
            if !read.order.acquires() {
                return Some(relaxed_end(trace, other, "load of", read));
            }
        }
    }
    None
}

fn relaxed_end(trace: &Trace, side: &Side<'_>, what: &str, event: &SyncEvent) -> String {
    format!(
        "{}'s {what} {} at {} is {}, which orders nothing here",
        side.name,
        object(trace, event.object),
        trace.site_text(event.site),
        event.order.name()
    )
}

fn reads(event: &SyncEvent) -> bool {
    let reads = |effect: &Effect| matches!(effect, Effect::AtomicLoad | Effect::AtomicRmw);
    event.effects().iter().any(reads)
}

fn writes(event: &SyncEvent) -> bool {
    let writes = |effect: &Effect| matches!(effect, Effect::AtomicStore | Effect::AtomicRmw);
    event.effects().iter().any(writes)
}

/// The effect through which an event publishes.
fn publishing(event: &SyncEvent) -> Option<&Effect> {
    event.effects().iter().find(|effect| match effect {
        Effect::Release(_) => true,
        Effect::AtomicStore | Effect::AtomicRmw | Effect::Fence => event.order.releases(),
        _ => false,
    })
}

/// What an event publishes, in words that follow the thread's name.
fn publishes(trace: &Trace, event: &SyncEvent) -> Option<String> {
    let order = event.order.name();
    Some(match publishing(event)? {
        Effect::Release(slot) => published(trace, event, *slot),
        Effect::Fence => format!("passes a fence ({order})"),
        _ => format!("writes {} ({order})", object(trace, event.object)),
    })
}

fn published(trace: &Trace, event: &SyncEvent, slot: Slot) -> String {
    let named = object(trace, event.object);
    match slot {
        Slot::Exclusive | Slot::Shared => {
            format!("releases {}", object(trace, Trace::lock_of(event).0))
        }
        Slot::Message => format!("sends on {named}"),
        Slot::Receipt => format!("receives from {named}"),
        Slot::Closed => format!("closes {named}"),
        Slot::Generation => format!("arrives at {named}"),
        Slot::All | Slot::Permit => format!("releases {named}"),
        Slot::Start => format!("creates thread {}", thread(trace, event)),
        Slot::End => format!("ends for {}", thread(trace, event)),
        Slot::Token => format!("unparks {}", thread(trace, event)),
        Slot::Life => format!("frees {}", block(trace, event)),
    }
}

/// The effect through which an event acquires.
fn acquiring(event: &SyncEvent) -> Option<&Effect> {
    event.effects().iter().find(|effect| match effect {
        Effect::Acquire(_) => true,
        Effect::AtomicLoad | Effect::AtomicRmw | Effect::Fence => event.order.acquires(),
        _ => false,
    })
}

/// What an event acquires, in words that follow the thread's name.
fn acquires(trace: &Trace, event: &SyncEvent) -> Option<String> {
    let order = event.order.name();
    Some(match acquiring(event)? {
        Effect::Acquire(slot) => acquired(trace, event, *slot),
        Effect::Fence => format!("passes a fence ({order})"),
        _ => format!("reads {} ({order})", object(trace, event.object)),
    })
}

fn acquired(trace: &Trace, event: &SyncEvent, slot: Slot) -> String {
    let named = object(trace, event.object);
    match slot {
        Slot::Exclusive | Slot::Shared => {
            format!("takes {}", object(trace, Trace::lock_of(event).0))
        }
        Slot::Message => format!("receives from {named}"),
        Slot::Receipt => format!("completes a send on {named}"),
        Slot::Closed => format!("sees {named} closed"),
        Slot::Generation => format!("leaves {named}"),
        Slot::All | Slot::Permit => format!("acquires {named}"),
        Slot::Start => "starts".to_owned(),
        Slot::End => format!("joins {}", thread(trace, event)),
        Slot::Token => "returns from park".to_owned(),
        Slot::Life => format!("allocates {}", block(trace, event)),
    }
}

/// The object through which an event publishes, if it has one.
fn published_object(event: &SyncEvent) -> Option<u32> {
    event.effects().iter().find_map(|effect| match effect {
        Effect::Release(slot) => through(event, *slot),
        Effect::AtomicStore | Effect::AtomicRmw => Some(event.object),
        _ => None,
    })
}

/// The object through which an event acquires, if it has one.
fn acquired_object(event: &SyncEvent) -> Option<u32> {
    event.effects().iter().find_map(|effect| match effect {
        Effect::Acquire(slot) => through(event, *slot),
        Effect::AtomicLoad | Effect::AtomicRmw if event.order.acquires() => Some(event.object),
        _ => None,
    })
}

fn through(event: &SyncEvent, slot: Slot) -> Option<u32> {
    match slot {
        Slot::Exclusive | Slot::Shared => Some(Trace::lock_of(event).0),
        Slot::Start | Slot::End | Slot::Token | Slot::Life => None,
        _ => Some(event.object),
    }
}

fn object(trace: &Trace, object: u32) -> String {
    match trace.objects.get(object as usize) {
        Some(object) if object.kind == ObjectKind::Unknown => format!("`{}`", object.name),
        Some(object) => format!("{} `{}`", object.kind.name(), object.name),
        None => "an unknown object".to_owned(),
    }
}

fn thread(trace: &Trace, event: &SyncEvent) -> String {
    let ThreadId(thread) = event.target_thread();
    match trace.threads.get(thread as usize) {
        Some(thread) => thread.name.clone(),
        None => "an unknown thread".to_owned(),
    }
}

fn block(trace: &Trace, event: &SyncEvent) -> String {
    let location = trace.location_of(event);
    location.map_or_else(
        || "a block".to_owned(),
        |location| format!("`{}`", trace.location_text(location)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use hbtrace_traces::{read, text};

    #[test]
    fn ends_are_found_however_many_relaxed_loads_lie_between() {
        let loads = "A|load(x,relaxed)|1\n".repeat(5);
        let lines = format!("A|acq(m)|1\n{loads}A|rel(m)|2\n{loads}");
        let options = read::Options::default();
        let trace = text::parse("x.std".as_ref(), lines.as_bytes(), options).unwrap();
        let ends = Ends::of(&trace.streams[0].sync);
        let (publish, acquire) = (ends.publish.as_slice(), ends.acquire.as_slice());
        assert_eq!(
            (publish.len(), acquire.len()),
            (1, 1),
            "the loads are no ends"
        );
        for index in 0..=trace.streams[0].sync.len() {
            let published = publish.iter().find(|end| **end >= index).copied();
            assert_eq!(ends.published_from(index), published);
            let acquired = acquire.iter().rfind(|end| **end < index).copied();
            assert_eq!(ends.acquired_before(index), acquired);
        }
    }
}
