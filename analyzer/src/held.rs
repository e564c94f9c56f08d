//! Which locks each thread holds while a trace is walked.

use hbtrace_traces::event::SyncEvent;
use hbtrace_traces::id::{ObjectId, SiteId, ThreadId};
use hbtrace_traces::kind::{Effect, Mode};
use hbtrace_traces::trace::Trace;

/// A lock that a thread holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Held {
    /// The lock.
    pub lock: ObjectId,
    /// How it is held.
    pub mode: Mode,
    /// Where it was taken.
    pub site: SiteId,
}

/// The locks that every thread holds at the present step, in the order in
/// which it took them.
#[derive(Clone, Debug)]
pub struct HeldLocks {
    threads: Vec<Vec<Held>>,
}

impl HeldLocks {
    /// `threads` threads that hold nothing.
    #[must_use]
    pub fn new(threads: usize) -> HeldLocks {
        HeldLocks {
            threads: vec![Vec::new(); threads],
        }
    }

    /// What `thread` holds.
    #[must_use]
    pub fn of(&self, thread: ThreadId) -> &[Held] {
        &self.threads[thread.index()]
    }

    /// Goes over an event of `thread`.
    pub fn step(&mut self, thread: ThreadId, event: &SyncEvent) {
        for effect in event.effects() {
            match effect {
                Effect::Take(mode) => self.threads[thread.index()].push(Held {
                    lock: Trace::lock_of(event),
                    mode: *mode,
                    site: event.site,
                }),
                Effect::Drop(mode) => self.drop_hold(thread, event, *mode),
                Effect::Downgrade => self.downgrade(thread, event),
                _ => {}
            }
        }
    }

    fn drop_hold(&mut self, thread: ThreadId, event: &SyncEvent, mode: Mode) {
        let holder = Trace::holder_of(event, thread);
        let lock = Trace::lock_of(event);
        let Some(held) = self.threads.get_mut(holder.index()) else {
            return;
        };
        // A hold that began before a cut is not known here.
        if let Some(at) = held
            .iter()
            .rposition(|held| held.lock == lock && held.mode == mode)
        {
            held.remove(at);
        }
    }

    fn downgrade(&mut self, thread: ThreadId, event: &SyncEvent) {
        let lock = Trace::lock_of(event);
        let held = &mut self.threads[thread.index()];
        if let Some(held) = held.iter_mut().rfind(|held| held.lock == lock) {
            held.mode = Mode::Shared;
        }
    }
}
