//! What a thread's next event waits for.

use super::lanes::{Key, Lanes, Place, Sort, turn};
use crate::event::{NO_NUMBER, SyncEvent};
use crate::id::ThreadId;
use crate::kind::{Gate, Kind};

/// What has to go first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Need {
    /// Everything of lower rank.
    Turn(Place),
    /// All of this rank.
    Done(Place),
    /// The event that starts the thread.
    Start(ThreadId),
    /// The end of the thread.
    End(ThreadId),
    /// All threads to come to their cut.
    Cut,
    /// Something that is not in the trace.
    Missing(Key, u64),
}

/// What threads have begun and ended, and what their fences wait for.
pub(super) struct Lives {
    pub(super) started: Vec<bool>,
    pub(super) ended: Vec<bool>,
    /// Versions that a thread's relaxed loads have read before they were
    /// written.
    pub(super) read_early: Vec<Vec<Place>>,
}

/// Where a thread stops.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Limit {
    /// Before this sync event.
    pub(crate) sync: usize,
    /// All of the thread lies before.
    pub(crate) whole: bool,
}

/// How strictly needs are seen.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    /// What the trace doesn't hold is no need.
    pub(super) tolerant: bool,
    /// A relaxed load, too, comes after the write that it reads, as it did when
    /// it was recorded.
    pub(super) observed: bool,
}

/// What `event`, the next of `thread`, waits for.
pub(super) fn need(
    lanes: &Lanes,
    lives: &Lives,
    thread: ThreadId,
    event: &SyncEvent,
    rules: Rules,
) -> Option<Need> {
    if let Some((key, rank)) = turn(thread, event)
        && let Some(place) = lanes.find(key, rank)
        && !lanes.is_open(place)
        && !lanes.is_done(place)
    {
        return Some(Need::Turn(place));
    }
    let need = match event.gate() {
        Gate::Read | Gate::Sent if matches!(event.number, 0 | NO_NUMBER) => None,
        Gate::Receive => done(lanes, (Sort::Message, event.object), event.number),
        Gate::Sent => done(lanes, (Sort::Receive, event.object), event.number),
        Gate::Read => {
            let need = done(lanes, (Sort::Write, event.object), event.number);
            let waits = rules.observed || event.order.acquires();
            need.filter(|need| waits || matches!(need, Need::Missing(..)))
        }
        Gate::Fence if event.order.acquires() => {
            let mut early = lives.read_early[thread.index()].iter();
            early
                .find(|place| !lanes.is_done(**place))
                .map(|place| Need::Done(*place))
        }
        Gate::Cut if event.stamp == 0 => Some(Need::Cut),
        Gate::Count(1..) => given(lanes, (Sort::Count, event.object), event),
        Gate::Park(1..) => given(lanes, (Sort::Park, thread.0), event),
        Gate::Join => match lives.ended.get(event.object as usize) {
            Some(true) => None,
            Some(false) => Some(Need::End(event.target_thread())),
            None => Some(Need::Missing((Sort::Park, event.object), 0)),
        },
        _ => None,
    };
    need.filter(|need| !(rules.tolerant && matches!(need, Need::Missing(..))))
}

/// All events of a rank.
fn done(lanes: &Lanes, key: Key, rank: u64) -> Option<Need> {
    match lanes.find(key, rank) {
        Some(place) if lanes.is_done(place) => None,
        Some(place) => Some(Need::Done(place)),
        None => Some(Need::Missing(key, rank)),
    }
}

/// What a return from waiting needs to be in the trace: the event that gave it
/// its number. Generations count from 0, everything else from 1.
fn given(lanes: &Lanes, key: Key, event: &SyncEvent) -> Option<Need> {
    let from_zero = matches!(event.kind, Kind::Depart | Kind::OnceGet);
    let needless = event.number == 0 && !from_zero;
    let rank = event.number.saturating_mul(2);
    (!needless && lanes.find(key, rank).is_none()).then_some(Need::Missing(key, rank))
}

/// The version that a relaxed load reads before it is written.
pub(super) fn reads_early(lanes: &Lanes, event: &SyncEvent) -> Option<Place> {
    if event.gate() != Gate::Read || event.order.acquires() {
        return None;
    }
    let place = lanes.find((Sort::Write, event.object), event.number)?;
    (!lanes.is_done(place)).then_some(place)
}
