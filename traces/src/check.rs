//! Whether a replayed trace can be an execution, as far as replay has not
//! already seen to it.
//!
//! Replay keeps the order that numbers demand, and misses what is not there.
//! What is left are holds: a lock is held by one thread, or shared by several,
//! and dropped by who holds it. A text is checked line by line when it is read;
//! this is for traces from elsewhere. Where the beginning is unknown (a cut),
//! only what follows is held against the trace; where events are missing (a
//! loss, a damaged file), nothing is.

use rustc_hash::FxHashMap;

use crate::error::{Error, ErrorKind, Place};
use crate::event::SyncEvent;
use crate::id::{ObjectId, ThreadId};
use crate::kind::{Effect, Mode};
use crate::trace::{Step, Trace};

/// Who holds a lock.
#[derive(Default)]
struct Held {
    exclusive: Option<ThreadId>,
    shared: Vec<ThreadId>,
}

/// Checks a replayed trace.
///
/// # Errors
/// If a lock has two holders at once, or is dropped by a thread that does not
/// hold it.
pub fn check(trace: &Trace) -> Result<(), Error> {
    let info = &trace.info;
    if info.truncated || info.lost_sync_events > 0 || info.verdicts_to.is_some() {
        // A drop may be among what is missing.
        return Ok(());
    }
    let mut known = info.complete;
    let mut locks: FxHashMap<ObjectId, Held> = FxHashMap::default();
    for step in &trace.steps {
        let Step::Sync { thread, index } = *step else {
            continue;
        };
        let event = trace.sync(thread, index);
        for effect in event.effects() {
            if *effect == Effect::Cut {
                locks.clear();
                known = false;
                continue;
            }
            let held = match effect {
                Effect::Take(_) | Effect::Drop(_) | Effect::Downgrade => {
                    locks.entry(Trace::lock_of(event)).or_default()
                }
                _ => continue,
            };
            let holder = Trace::holder_of(event, thread);
            if let Err(expected) = held.step(*effect, holder, known) {
                return Err(impossible(trace, thread, index, event, expected));
            }
        }
    }
    Ok(())
}

impl Held {
    /// The lock after an effect, or what was expected instead.
    fn step(&mut self, effect: Effect, thread: ThreadId, known: bool) -> Result<(), &'static str> {
        match effect {
            Effect::Take(_) if self.exclusive.is_some() => Err("nobody to hold it"),
            Effect::Take(Mode::Exclusive) if !self.shared.is_empty() => {
                Err("nobody to hold it, not even shared")
            }
            Effect::Take(Mode::Exclusive) => {
                self.exclusive = Some(thread);
                Ok(())
            }
            Effect::Take(Mode::Shared) => {
                self.shared.push(thread);
                Ok(())
            }
            Effect::Drop(Mode::Shared) => {
                match self.shared.iter().position(|holder| *holder == thread) {
                    Some(at) => {
                        self.shared.swap_remove(at);
                        Ok(())
                    }
                    None if known => Err("the thread to hold it shared"),
                    None => Ok(()),
                }
            }
            _ => {
                let holds = self.exclusive.take() == Some(thread);
                if effect == Effect::Downgrade {
                    self.shared.push(thread);
                }
                if holds || !known {
                    Ok(())
                } else {
                    Err("the thread to hold it")
                }
            }
        }
    }
}

fn impossible(
    trace: &Trace,
    thread: ThreadId,
    index: u32,
    event: &SyncEvent,
    expected: &str,
) -> Error {
    let lock = trace.objects.get(Trace::lock_of(event).index());
    let lock = lock.map_or("?", |object| &object.name);
    let name = trace
        .threads
        .get(thread.index())
        .map_or("?", |thread| &thread.name);
    let message = format!(
        "found `{}({lock})` as event {} of thread {name}, expected {expected}; the trace can't be an execution",
        event.kind.name(),
        u64::from(index) + 1,
    );
    Error::new(
        &trace.info.file,
        Place::File,
        ErrorKind::Impossible,
        message,
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::event::SyncEvent;
    use crate::kind::Kind;

    /// A trace of one lock; each event is kind, hold and thread.
    fn trace(events: &[(Kind, u64, usize)]) -> Trace {
        let text = "A|acq(l)\nA|rel(l)\nB|racq(l)\nB|rrel(l)\n";
        let parsed = crate::text::parse(Path::new("t"), text.as_bytes(), Default::default());
        let mut trace = parsed.expect("well formed");
        let lock = trace.streams[0].sync[0].object;
        for stream in &mut trace.streams {
            stream.sync.clear();
        }
        for (place, (kind, number, thread)) in events.iter().enumerate() {
            let mut event = SyncEvent::new(*kind);
            (event.object, event.number) = (lock, *number);
            event.stamp = place as u64 + 1;
            trace.streams[*thread].sync.push(event);
        }
        crate::replay::replay(&mut trace).expect("an order");
        trace
    }

    #[test]
    fn holds_that_exclude_each_other_are_fine() {
        use Kind::{Acq, Downgrade, ReadAcq, ReadRel, Rel};
        let events = [
            (Acq, 0, 0),
            (Downgrade, 0, 0),
            (ReadAcq, 1, 1),
            (ReadRel, 1, 0),
            (ReadRel, 1, 1),
            (Acq, 1, 1),
            (Rel, 1, 1),
        ];
        check(&trace(&events)).expect("lawful");
    }

    #[test]
    fn two_holders_and_drops_of_what_is_not_held_are_impossible() {
        use Kind::{Acq, ReadAcq, ReadRel, Rel};
        for events in [
            &[(Acq, 0, 0), (Acq, 0, 1)][..],
            &[(ReadAcq, 0, 0), (Acq, 0, 1)],
            &[(Acq, 0, 0), (Rel, 0, 1)],
            &[(ReadAcq, 0, 0), (ReadRel, 0, 1)],
            &[(Rel, 0, 1)],
        ] {
            let error = check(&trace(events)).expect_err("impossible");
            assert!(error.is_impossible(), "{events:?}");
        }
    }

    #[test]
    fn what_was_held_before_an_incomplete_trace_begins_is_fine() {
        let mut trace = trace(&[(Kind::Rel, 4, 1), (Kind::Acq, 5, 0)]);
        trace.info.complete = false;
        check(&trace).expect("the beginning is not known");
    }
}
