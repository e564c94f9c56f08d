//! Pass one, a stretch of steps at a time.
//!
//! Pass two needs, for every access, its thread's epoch and what that thread
//! knows. Kept for a whole long trace this would not fit in memory, so it is
//! made for one stretch of steps and forgotten before the next.

use std::ops::Range;
use std::sync::Arc;

use hbtrace_traces::kind::Effect;
use hbtrace_traces::trace::{Step, Trace};

use super::{Clocks, Order};
use crate::clock::VectorClock;

/// Steps of a stretch, at most.
const STEPS: usize = 1 << 17;
/// Epochs held by the clocks of a stretch, about.
const EPOCHS: usize = 1 << 24;

/// What pass two needs to know about a step that touches memory.
#[derive(Clone, Debug)]
pub struct Mark {
    /// Index of the step.
    pub step: u32,
    /// Epoch of its thread.
    pub epoch: u32,
    /// All that happens before it.
    pub clock: Arc<VectorClock>,
}

/// Walks the whole trace and hands out the steps that touch memory, in
/// stretches.
#[derive(Debug)]
pub struct Stretches<'t> {
    trace: &'t Trace,
    clocks: Clocks<'t>,
    next: usize,
}

impl<'t> Stretches<'t> {
    /// Before the first step.
    #[must_use]
    pub fn new(trace: &'t Trace, order: Order) -> Stretches<'t> {
        Stretches {
            trace,
            clocks: Clocks::new(trace, order),
            next: 0,
        }
    }

    /// The marks of the next stretch; `None` at the end.
    pub fn next_stretch(&mut self) -> Option<Vec<Mark>> {
        let steps = self.range();
        if steps.is_empty() {
            return None;
        }
        let mut marks: Vec<Mark> = Vec::new();
        let mut epochs = 0;
        for step in steps {
            self.next = step + 1;
            let walked = self.trace.steps[step];
            let epoch = self.clocks.step(walked);
            if !touches_memory(self.trace, walked) {
                continue;
            }
            let clock = self.clocks.moment(walked, epoch).clock;
            epochs += clock.epochs().len();
            marks.push(Mark {
                step: step as u32,
                epoch,
                clock,
            });
            if epochs > EPOCHS {
                break;
            }
        }
        Some(marks)
    }

    fn range(&self) -> Range<usize> {
        self.next..self.trace.steps.len().min(self.next + STEPS)
    }
}

fn touches_memory(trace: &Trace, step: Step) -> bool {
    match step {
        Step::Accesses { .. } => true,
        Step::Sync { thread, index } => {
            let touches = |effect: &Effect| {
                matches!(
                    effect,
                    Effect::AtomicLoad | Effect::AtomicStore | Effect::AtomicRmw | Effect::Free
                )
            };
            trace.sync(thread, index).effects().iter().any(touches)
        }
    }
}
