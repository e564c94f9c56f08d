//! What a thread was in the middle of when a window began: the locks that it
//! held, and what it waited for. And what it said that holds for ever.

use crate::event::{NO_NUMBER, NONE, SyncEvent};
use crate::kind::{Effect, Kind, Mode, Operands};
use crate::trace::Trace;

/// What is under way between `before` and `after`, which are one thread's: what
/// says how many a channel or a barrier takes, takes of the locks held, in their
/// order, and the begin of a wait.
pub(super) fn find(before: &[SyncEvent], after: &[SyncEvent]) -> Vec<SyncEvent> {
    let mut holds = Holds::default();
    for (place, event) in before.iter().enumerate() {
        holds.step(place, event, |_| ());
    }
    let mut events = Vec::new();
    let mut later = holds.clone();
    for event in after {
        later.step(before.len(), event, |begun| events.push(begun));
    }
    let stays = |event: &SyncEvent| event.kind.operands() == Operands::ObjectNumber;
    let waits = |event: &SyncEvent| event.effects().contains(&Effect::WaitBegin);
    let told = before.iter().copied().enumerate();
    let told = told.filter(|(place, event)| {
        let is_last = place + 1 == before.len();
        stays(event) || is_last && waits(event)
    });
    let mut known: Vec<(usize, SyncEvent)> = told.chain(holds.taken).collect();
    known.sort_by_key(|(place, _)| *place);
    events.extend(known.into_iter().map(|(_, event)| event));
    events
}

/// The holds of a thread, each by an event that takes it so, and that event's
/// place.
#[derive(Clone, Default)]
struct Holds {
    taken: Vec<(usize, SyncEvent)>,
}

impl Holds {
    /// Goes over an event. `found` is told of each hold of whose begin nothing
    /// is known, by an event that would have begun it.
    fn step(&mut self, place: usize, event: &SyncEvent, mut found: impl FnMut(SyncEvent)) {
        for effect in event.effects() {
            match effect {
                Effect::Take(_) => self.taken.push((place, *event)),
                Effect::Drop(mode) if !is_of_other(event) && self.end(event, *mode).is_none() => {
                    found(begun(event, *mode));
                }
                Effect::Downgrade => {
                    let (since, taken) = self.end(event, Mode::Exclusive).unwrap_or_else(|| {
                        let begun = begun(event, Mode::Exclusive);
                        found(begun);
                        (0, begun)
                    });
                    self.taken.push((since, shared(taken)));
                }
                _ => {}
            }
        }
    }

    /// Ends the latest hold of the event's lock.
    fn end(&mut self, event: &SyncEvent, mode: Mode) -> Option<(usize, SyncEvent)> {
        let lock = Trace::lock_of(event);
        let is_it = |(_, taken): &(usize, SyncEvent)| {
            Trace::lock_of(taken) == lock && taken.effects().contains(&Effect::Take(mode))
        };
        let at = self.taken.iter().rposition(is_it)?;
        Some(self.taken.remove(at))
    }
}

/// Whether an event ends another thread's hold.
fn is_of_other(event: &SyncEvent) -> bool {
    event.kind == Kind::Rel && event.other != NONE
}

/// The event that began the hold which `event` ends.
fn begun(event: &SyncEvent, mode: Mode) -> SyncEvent {
    let mut begun = SyncEvent::new(match mode {
        Mode::Exclusive => Kind::Acq,
        Mode::Shared => Kind::ReadAcq,
    });
    (begun.object, begun.number) = (Trace::lock_of(event).0, event.number);
    begun
}

/// The hold that an exclusive one becomes.
fn shared(taken: SyncEvent) -> SyncEvent {
    let number = match taken.number {
        NO_NUMBER => NO_NUMBER,
        number => number.saturating_add(1),
    };
    SyncEvent {
        kind: Kind::ReadAcq,
        object: Trace::lock_of(&taken).0,
        other: NONE,
        number,
        ..taken
    }
}
