//! The circumstances of the few accesses that reports show.
//!
//! Held locks and full clocks are not kept for every access. One more walk
//! over the sync events gathers them where they are wanted.

use std::collections::BTreeSet;
use std::sync::Arc;

use hbtrace_traces::id::{ObjectId, ThreadId};
use hbtrace_traces::trace::{Step, Trace};
use rustc_hash::FxHashMap;

use super::visit::{Event, Place};
use crate::clock::VectorClock;
use crate::held::HeldLocks;
use crate::order::{Clocks, Order};

/// What surrounds an access.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub(super) thread: ThreadId,
    pub(super) place: Place,
    /// Locks held, in the order they were taken.
    pub(super) held: Vec<ObjectId>,
    /// Sync events of its thread that come before it, its own included.
    pub(super) before: usize,
    /// The first sync event of its thread that does not, or its own.
    pub(super) after: usize,
    epoch: u32,
    clock: Arc<VectorClock>,
}

/// The scenes of some steps.
#[derive(Debug)]
pub(super) struct Scenes {
    by_step: FxHashMap<u32, Scene>,
}

impl Scene {
    /// Whether this access is `other` or happens before it.
    pub(super) fn is_or_precedes(&self, other: &Scene) -> bool {
        if self.thread == other.thread {
            return self.place <= other.place;
        }
        self.epoch <= other.clock.get(self.thread)
    }
}

impl Scenes {
    /// Gathers the scenes of `steps`.
    pub(super) fn gather(trace: &Trace, steps: impl Iterator<Item = u32>) -> Scenes {
        let wanted: BTreeSet<u32> = steps.collect();
        let mut clocks = Clocks::new(trace, Order::HappensBefore);
        let mut held = HeldLocks::new(trace.streams.len());
        let mut next_sync = vec![0; trace.streams.len()];
        let mut by_step = FxHashMap::default();
        let mut wanted = wanted.into_iter().peekable();
        for (at, step) in trace.steps.iter().enumerate() {
            let Some(next) = wanted.peek() else {
                break;
            };
            let epoch = clocks.step(*step);
            let (thread, own) = match *step {
                Step::Accesses { thread, .. } => (thread, None),
                Step::Sync { thread, index } => (thread, Some(index)),
            };
            if *next as usize == at {
                wanted.next();
                let after = next_sync[thread.index()];
                let scene = Scene {
                    thread,
                    place: Place {
                        step: at as u32,
                        position: 0,
                    },
                    held: held.of(thread).iter().map(|held| held.lock).collect(),
                    before: after + usize::from(own.is_some()),
                    after,
                    epoch,
                    clock: clocks.moment(*step, epoch).clock,
                };
                by_step.insert(at as u32, scene);
            }
            if let Some(index) = own {
                next_sync[thread.index()] = index as usize + 1;
                held.step(thread, trace.sync(thread, index));
            }
        }
        Scenes { by_step }
    }

    /// The scene of `event`, if it was gathered.
    pub(super) fn of(&self, event: &Event) -> Option<Scene> {
        let mut scene = self.by_step.get(&event.place.step)?.clone();
        scene.place = event.place;
        Some(scene)
    }
}
