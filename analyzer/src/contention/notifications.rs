//! Notifications of condition variables, to be looked up by time.
//!
//! They publish nothing, so replay may place them anywhere among the events of
//! other threads.

use hbtrace_traces::event::NONE;
use hbtrace_traces::id::{ObjectId, ThreadId};
use hbtrace_traces::kind::{Effect, Wake};
use hbtrace_traces::trace::{Step, Trace};
use rustc_hash::FxHashMap;

use super::strand::{Target, Waker};
use super::times::Times;

/// Notifications by condition and by the thread named (or [`NONE`]), each list
/// by time.
pub(super) struct Notifications(FxHashMap<(ObjectId, u32), Vec<Waker>>);

impl Notifications {
    /// All of them.
    pub(super) fn of(trace: &Trace, times: &Times) -> Notifications {
        let mut found: FxHashMap<_, Vec<Waker>> = FxHashMap::default();
        for (step, what) in trace.steps.iter().enumerate() {
            let Step::Sync { thread, index } = *what else {
                continue;
            };
            let event = trace.sync(thread, index);
            if event.effects().contains(&Effect::Wakes(Wake::Condition)) {
                let waker = Waker {
                    time: times.at(thread, index),
                    step: step as u64,
                    thread,
                    after: index + 1,
                };
                let key = (event.object_id(), event.other);
                found.entry(key).or_default().push(waker);
            }
        }
        for waiting in found.values_mut() {
            waiting.sort_unstable();
        }
        Notifications(found)
    }

    /// The last notification of a condition before `limit` (a time and a step)
    /// that can have been for `thread`.
    pub(super) fn last_before(
        &self,
        what: Target,
        thread: ThreadId,
        limit: (u64, u64),
    ) -> Option<Waker> {
        let before = |target: u32| {
            let all = self.0.get(&(what.object()?, target))?;
            let end = all.partition_point(|waker| (waker.time, waker.step) < limit);
            all[..end].last().copied()
        };
        before(thread.0).max(before(NONE))
    }
}
